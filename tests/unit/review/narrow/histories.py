"""Random repositories: each file has one of a few texts in the first commit, and changes to another."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.unit.review.narrow import texts
from tests.unit.review.narrow.texts import (
    COMPONENT,
    CONFIG,
    CONFIG_REGO,
    CONFIG_SCHEMAS,
    CONFIG_WAIVER,
    CRD,
    KUSTOMIZATION,
    LINK,
    NAMESPACE,
    POLICY,
    PREFIX,
    A,
    application,
    deployment,
    patch,
)

#: The texts that a file may have; with None the file does not exist.
Variants = tuple[str | None, ...]
Change = dict[str, str | None]
#: The files of a first commit, and what each later change writes or deletes (None).
History = tuple[dict[str, str], list[Change]]


def deployments(name: str) -> Variants:
    """The texts of a Deployment's file."""
    return (
        deployment(name, "x:1"),
        deployment(name, "x:latest"),
        deployment(name, "x:latest", comment=texts.WAIVER_COMMENT),
        deployment(name, "x:1", comment=texts.WAIVER_COMMENT),
        deployment(name, "x:1", 2, ", nvidia.com/gpu: 1"),
        deployment(name, "x:1", 3) + texts.SCALER.substitute(name=name),
        deployment(name, f"x@sha256:{A}"),
        deployment(name, "y:latest"),
        deployment(name, "y:latest", comment=texts.WAIVER_COMMENT),
        deployment(name, "y:latest", 5, ", nvidia.com/gpu: 2"),
        deployment(name, "x:1") + texts.WIDGET,
        None,
    )


def _application(name: str) -> dict[str, Variants]:
    """The files of one application."""
    app = f"apps/{name}"
    base = f"{KUSTOMIZATION}resources: [deployment.yaml"
    files: dict[str, Variants] = {
        f"{app}/base/deployment.yaml": deployments(name),
        f"{app}/base/namespace.yaml": (
            None,
            NAMESPACE.substitute(name="team"),
            NAMESPACE.substitute(name="other"),
        ),
        f"{app}/base/settings.txt": ("a=1", "a=2", None),
        f"{app}/base/generator.yaml": (texts.GENERATOR, None),
        f"{app}/base/kustomization.yaml": (
            f"{base}]\n",
            f"{base}, namespace.yaml]\n",
            f"{base}]\n" + "configMapGenerator: [{name: s, files: [settings.txt]}]\n",
            f"{base}]\n" + "generators: [generator.yaml]\n",
            f"{base}, ../../../shared]\n",
            f"{base}, ../../../.hidden]\n",
            f"{base}, ../../../shared]\n" + "components: [../../../components/d]\n",
            f"{base}]\n" + "transformers: [../../../prefix.yaml]\n",
        ),
    }
    for environment in ("dev", "staging", "prod"):
        overlay = f"{app}/overlays/{environment}"
        files[f"{overlay}/patch.yaml"] = (
            None,
            patch(name, 1, host_network=True),
            patch(name, -1, host_network=False),
            *((f"{LINK}../prod/patch.yaml",) if environment != "prod" else ()),
        )
        files[f"{overlay}/kustomization.yaml"] = (
            *_overlays(environment),
            *((None,) if name == "two" else ()),
        )
    # An overlay of an overlay. While it exists, the other is checked as a part of it.
    files[f"{app}/overlays/prod-eu/kustomization.yaml"] = (
        None,
        f"{KUSTOMIZATION}resources: [../prod]\n",
        f"{KUSTOMIZATION}resources: [../prod]\nnamespace: other\n",
    )
    return files


def _host_path(path: str) -> str:
    """An operation that mounts a path of the node."""
    volumes = f"[{{name: v, hostPath: {{path: {path}}}}}]"
    return f"{{op: add, path: /spec/template/spec/volumes, value: {volumes}}}"


def _overlays(environment: str) -> Variants:
    """The texts of an overlay's kustomization."""
    others_patch = "{path: ../../../two/overlays/prod/patch.yaml, target: {kind: Deployment}}"
    inline_patch = "{patch: '[{op: replace, path: /spec/replicas, value: 5}]', target: {kind: Deployment}}"
    plain = f"{KUSTOMIZATION}resources: [../../base]\n"
    return (
        plain,
        plain + "namespace: team\n",
        plain + "namespace: team\npatches: [{path: patch.yaml}]\n",
        plain + "components: [../../../../components/c]\n",
        plain + "components: [../../../../components/d]\nnamePrefix: p-\n",
        plain + f"patches: [{others_patch}]\n",
        plain + f"patches: [{inline_patch}]\n",
        plain + "transformers: [../../../../prefix.yaml]\n",
        plain + "images: [{name: x, newTag: '2'}]\n",
        *(plain + f"images: [{{name: x, newName: {name}}}]\n" for name in ("other", "another")),
        *(
            plain + f"patches: [{{patch: '[{_host_path(path)}]', target: {{kind: Deployment}}}}]\n"
            for path in ("/", "/var/log")
        ),
        plain + texts.IMAGES_WITH_DIGESTS,
        plain + f"labels:\n  - pairs:\n      tier: {environment}\n    includeSelectors: true\n",
        plain + "resources: [nowhere.yaml]\n",
        "resources: [\n",
    )


#: The files of the random repositories.
SLOTS: dict[str, Variants] = {
    **_application("one"),
    **_application("two"),
    "shared/kustomization.yaml": (f"{KUSTOMIZATION}resources: [s.yaml]\n", None),
    "shared/s.yaml": (
        NAMESPACE.substitute(name="team"),
        texts.SECRET,
        texts.SECRET.replace("a: b", "a: c"),
    ),
    ".hidden/kustomization.yaml": (f"{KUSTOMIZATION}resources: [h.yaml]\n",),
    ".hidden/h.yaml": (NAMESPACE.substitute(name="hidden"), NAMESPACE.substitute(name="team")),
    "components/c/kustomization.yaml": (
        COMPONENT + "images: [{name: x, newTag: '3'}]\n",
        COMPONENT + "patches: [{path: c.yaml, target: {kind: Deployment}}]\n",
    ),
    "components/c/c.yaml": (patch("any", 0, host_network=True), None),
    "components/d/kustomization.yaml": (
        COMPONENT + "components: [../c]\n",
        COMPONENT + "replicas: [{name: one, count: 4}]\n",
        None,
    ),
    "prefix.yaml": (PREFIX.substitute(prefix="a"), PREFIX.substitute(prefix="b"), None),
    "policies/main.rego": (
        POLICY.substitute(kind="deny", message="too many"),
        POLICY.substitute(kind="deny", message="far too many"),
        POLICY.substitute(kind="warn", message="x"),
    ),
    "limits.yaml": ("limits: {replicas: 1}\n", "limits: {replicas: 4}\n"),
    "crds/widget.yaml": (None, CRD.substitute(type="integer"), CRD.substitute(type="string")),
    ".gitignore": (None, "*.txt\n", "loose/\n"),
    "linked/kustomization.yaml": (None, f"{LINK}../shared/kustomization.yaml"),
    "argocd/kustomization.yaml": (None, f"{KUSTOMIZATION}resources: [apps.yaml]\nnamespace: argocd\n"),
    "argocd/apps.yaml": (
        None,
        texts.APPLICATION_SET,
        application("one", "default", "apps/one/overlays/prod"),
        application("two", "fleet", "apps/two/overlays/prod"),
        application("two", "fleet", "apps/two/overlays/nowhere"),
    ),
    "loose/deployment.yaml": (None, *deployments("loose")[:3]),
    "kustodian.yaml": (
        CONFIG.substitute(budget=2),
        CONFIG.substitute(budget=4),
        CONFIG.substitute(budget=4) + CONFIG_WAIVER,
        CONFIG.substitute(budget=2) + CONFIG_WAIVER,
        CONFIG.substitute(budget=2) + CONFIG_REGO,
        CONFIG.substitute(budget=4) + CONFIG_REGO + CONFIG_WAIVER,
        CONFIG.substitute(budget=4) + CONFIG_SCHEMAS,
    ),
    "README.md": ("one", "two"),
}

#: Files and folders that may be renamed, even if the files that name them do not change.
MOVES = (
    ("apps/two/overlays/dev", "apps/two/overlays/qa"),
    ("apps/one/overlays/prod", "apps/one/overlays/prod-us"),
    ("apps/two", "apps/three"),
    ("shared", "common"),
    ("components/c", "components/e"),
    ("apps/one/base/deployment.yaml", "apps/one/base/server.yaml"),
    ("apps/one/base/kustomization.yaml", "apps/one/base/kustomization.yml"),
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """The files of a first commit, and a few changes: all but the last are commits, the last is not."""

    def text_of(slot: str) -> str | None:
        return draw(st.sampled_from(SLOTS[slot]))

    first = {slot: text for slot in SLOTS if (text := text_of(slot)) is not None}
    state: dict[str, str | None] = dict(first)
    changes = []
    slots_of_a_change = st.lists(st.sampled_from(sorted(SLOTS)), max_size=4, unique=True)
    for slots in draw(st.lists(slots_of_a_change, min_size=1, max_size=3)):
        change = {slot: text_of(slot) for slot in slots}
        if draw(st.integers(0, 2)) == 0:
            change |= _move(state | change, *draw(st.sampled_from(MOVES)))
        changes.append(change)
        state |= change
    return first, changes


@st.composite
def growing(draw: st.DrawFn) -> History:
    """The same with an old finding in the base of an application, and a change of what offends there."""
    first, changes = draw(histories())
    name = draw(st.sampled_from(["one", "two"]))
    file = f"apps/{name}/base/deployment.yaml"
    images = st.sampled_from(["x:latest", "y:latest", "y:main"])
    comments = st.sampled_from(["", texts.WAIVER_COMMENT])
    gpus = st.sampled_from(["", ", nvidia.com/gpu: 1", ", nvidia.com/gpu: 2"])
    before, after = (
        deployment(name, draw(images), draw(st.integers(1, 3)), draw(gpus), draw(comments)) for _ in range(2)
    )
    readable = {"kustodian.yaml": CONFIG.substitute(budget=2)}
    return {**first, **readable, file: before}, [*changes[:-1], {**changes[-1], file: after}]


def _move(state: dict[str, str | None], old: str, new: str) -> Change:
    """The change that renames a file or folder."""
    moved = {
        name: text for name, text in state.items() if text and (name == old or name.startswith(f"{old}/"))
    }
    return dict.fromkeys(moved) | {new + name.removeprefix(old): text for name, text in moved.items()}
