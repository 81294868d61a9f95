"""What Argo CD does with an object that left git, told from the Applications of the repository."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.model.manifest import Manifest
from kustodian.model.repository.view import RepositoryView, SourceDocument
from kustodian.review.diff.pruning import Pruning
from tests.unit.source_files import GivenFiles

PATCH = "spec: {syncPolicy: {automated: {prune: {{ %s }}}}}"
FILES = ("overlays/dev/version.yaml", "overlays/prod/version.yaml")


def view(*objects: dict[str, Any], files: tuple[str, ...] = FILES) -> RepositoryView:
    names = [f"argocd/{index}.yaml" for index in range(len(objects))]
    documents = [
        SourceDocument(name, 0, 1, one["apiVersion"], one["kind"], one["metadata"]["name"], None)
        for name, one in zip(names, objects, strict=True)
    ]
    sources = GivenFiles({name: [one] for name, one in zip(names, objects, strict=True)})
    return RepositoryView(documents=documents, files=files, sources=sources)


def application(path: str, **policy: Any) -> dict[str, Any]:
    source = {"repoURL": "https://git.example.com/x.git", "path": path}
    return {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "one"},
        "spec": {"source": source, "syncPolicy": policy},
    }  # fmt: skip


def application_set(patch: str = "", *, policy: Any = None, **sync: Any) -> dict[str, Any]:
    template = application("{{ .path.path }}", **sync)
    return {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "all"},
        "spec": {
            "goTemplate": True,
            "generators": [{"git": {"files": [{"path": "overlays/*/version.yaml"}]}}],
            "template": {"metadata": {"name": "iris-{{ .path.basename }}"}, "spec": template["spec"]},
            "syncPolicy": policy or {},
            **({"templatePatch": patch} if patch else {}),
        },
    }  # fmt: skip


def removed(options: str = "", **annotations: str) -> Manifest:
    if options:
        annotations["argocd.argoproj.io/sync-options"] = options
    return Manifest(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", "annotations": annotations}}
    )


def fate(*objects: dict[str, Any], of: Manifest | None = None, overlay: str = "overlays/dev") -> str:
    both = view(*objects)
    return Pruning(both, both).fate(of or removed(), overlay, overlay_is_gone=False)


AUTOMATED = {"prune": True, "selfHeal": True}


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"automated": AUTOMATED}, "Argo CD deletes it: Application one prunes"),
        (
            {"automated": AUTOMATED | {"enabled": False}},
            "stays in the cluster until a person syncs with pruning",
        ),
        ({"automated": {}}, "stays in the cluster until a person prunes it"),
        ({}, "stays in the cluster until a person syncs with pruning"),
    ],
)
def test_an_application(policy: Any, said: str) -> None:
    assert fate(application("overlays/dev", **policy)).startswith(said)


def test_no_application_deploys_it() -> None:
    assert fate(application("overlays/other", automated=AUTOMATED)) == fate()
    assert fate() == "Argo CD deletes it where pruning is on, and leaves it behind where it is off"


def test_what_the_object_itself_says_comes_first() -> None:
    pruning = application("overlays/dev", automated=AUTOMATED)
    assert (
        fate(pruning, of=removed("Prune=false"))
        == "Argo CD leaves it in the cluster: it is marked Prune=false"
    )
    assert "once a person confirms" in fate(pruning, of=removed("Delete=confirm, Prune=confirm"))
    assert fate(pruning, of=removed(**{"argocd.argoproj.io/hook": "Sync"})).startswith("a hook")


@pytest.mark.parametrize(
    ("test", "dev", "prod"),
    [
        ('has .path.basename (list "dev" "qa")', True, False),
        ('eq .path.basename "prod"', False, True),
        ('ne .path.basename "prod"', True, False),
        ("index .prune 0", None, None),
    ],
)
def test_a_template_patch_decides_by_environment(test: str, dev: bool | None, prod: bool | None) -> None:
    one = application_set(PATCH % test, automated={"prune": False})
    for name, prunes in (("dev", dev), ("prod", prod)):
        said = {True: f"iris-{name} prunes", False: "does not prune by itself", None: "cannot be told"}[
            prunes
        ]
        assert said in fate(one, overlay=f"overlays/{name}")


def test_a_patch_that_is_no_yaml_before_it_is_filled_in() -> None:
    patch = "{{- if .x }}\nspec: {syncPolicy: {automated: {prune: true}}}\n{{- end }}\n"
    assert "cannot be told" in fate(application_set(patch, automated={}))


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({}, "Argo CD deletes it together with Application iris-dev"),
        (
            {"preserveResourcesOnDeletion": True},
            "stays in the cluster: only Application iris-dev itself goes",
        ),
        (
            {"applicationsSync": "create-update"},
            "stays in the cluster: the ApplicationSet keeps Application iris-dev",
        ),
    ],
)
def test_the_whole_overlay_is_gone(policy: Any, said: str) -> None:
    one = application_set(policy=policy)
    pruning = Pruning(view(one), view(one, files=FILES[1:]))
    assert pruning.fate(removed(), "overlays/dev", overlay_is_gone=True).startswith(said)
    assert said in pruning.moved("overlays/dev", "overlays/development")[0]


def test_an_application_of_a_folder_that_is_gone() -> None:
    one = application("overlays/dev", automated=AUTOMATED)
    assert "its sync fails" in Pruning(view(one), view(one)).fate(
        removed(), "overlays/dev", overlay_is_gone=True
    )
    other = application("overlays/prod", automated=AUTOMATED)
    pruning = Pruning(view(one), view(other))
    assert "unless Application one is deleted" in pruning.fate(
        removed(), "overlays/dev", overlay_is_gone=True
    )
    assert pruning.moved("overlays/dev", "overlays/prod") == (), "the same Application deploys it"
