"""Manifest that no kustomization uses.

Why: It looks as if it were deployed: people edit and review it, and nothing changes in the cluster.

Fix: List the file under `resources:` (a patch under `patches:`) of the kustomization beside it, or delete
it.

Wrong:
    # base/kustomization.yaml, with base/network-policy.yaml beside
    resources:
      - deployment.yaml

Right:
    resources:
      - deployment.yaml
      - network-policy.yaml

Options:
    ignore: globs of files that may be unused.

Notes: Only files in or below a folder that kustomizations use are checked, and only documents with
    `apiVersion` and `kind`. A file that a generator, a transformer, kustodian.yaml or an Argo CD source
    with plain manifests names is in use too. Not checked: folders for tests, examples, charts, templates,
    policies, documentation and custom resource definitions, and the files of tools (kind, eksctl, Skaffold,
    Backstage ...).

Source: kustomize documentation, "resources",
https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resource/
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterator, Set

from kustodian.argocd.applications import applications
from kustodian.argocd.generators import UNKNOWN, git_files
from kustodian.kustomize.folders import is_aside
from kustodian.kustomize.references import targets
from kustodian.model.repository.kustomization import KUSTOMIZATION_NAMES
from kustodian.model.repository.path import beside
from kustodian.model.repository.view import RepositoryView, SourceDocument
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Option, Reach, RepositoryRule, Worse

#: API groups of files that tools read from the repository; none of them is applied to a cluster.
_TOOL_GROUPS = frozenset({
    "kind.x-k8s.io", "k3d.io", "eksctl.io", "ctlptl.dev", "skaffold", "backstage.io", "kuttl.dev",
    "cli.kyverno.io", "chainsaw.kyverno.io", "kubeadm.k8s.io", "kubelet.config.k8s.io", "audit.k8s.io",
    "apiserver.config.k8s.io", "kustomize.config.k8s.io", "config.kubernetes.io", "viaduct.ai", "builtin",
    "krew.googlecontainertools.github.com", "devspace", "minikube.k8s.io", "kops.k8s.io",
})  # fmt: skip
_DEFINITIONS = ("crds", "crd")


def check(view: RepositoryView, context: Context) -> Iterator[SourceViolation]:
    """One violation for each file whose manifests nothing uses."""
    used = _files_in_use(view) | view.files_maybe_used
    for document in _unused_documents(view, used, _folders_in_use(view, used)):
        file = document.file
        if not any(fnmatch.fnmatch(file, glob) for glob in context.options["ignore"]):
            message = f"no kustomization uses {file} ({document.kind} {document.name})"
            yield SourceViolation(file, (), message, document.index)


def _undecided_files(view: RepositoryView) -> object:
    """Files that are unused or not depending on the overlays that are not rendered."""
    certain = _files_in_use(view)
    at_most = certain | view.files_maybe_used
    if at_most == certain:
        return set()
    few, many = _folders_in_use(view, certain), _folders_in_use(view, at_most)
    maybe = {document.file for document in _unused_documents(view, certain, many)}
    surely = {document.file for document in _unused_documents(view, at_most, few)}
    return {(file, _folder(file) in few) for file in maybe - surely}


def _unused_documents(view: RepositoryView, used: Set[str], folders: Set[str]) -> Iterator[SourceDocument]:
    """The first document of each file that should be in use and is not; `folders` are the folders in use."""
    plain = set(_plain_folders(view))
    deployments = {(a.placed.file, source.folder) for a in applications(view) for source in a.sources}
    reported: set[str] = set()
    for document in view.documents:
        file = document.file
        folder = _folder(file)
        if file in used or file in reported or _is_for_a_tool(document):
            continue
        if is_aside(folder) or any(part in _DEFINITIONS for part in folder.split("/")):
            continue
        if (
            not _is_kustomized(view, folder, folders)
            or _is_within(folder, plain)
            or _deploys_its_folder(document, deployments)
        ):
            continue
        reported.add(file)
        yield document


def _folders_in_use(view: RepositoryView, used: Set[str]) -> set[str]:
    """Folders with kustomizations or files in use."""
    return {_folder(file) for file in used} | set(view.graph.by_folder)


def _folder(file: str) -> str:
    return file.rpartition("/")[0] or "."


def _files_in_use(view: RepositoryView) -> frozenset[str]:
    """Files that rendering read or that something refers to."""
    return view.memoized(_used_files)


def _used_files(view: RepositoryView) -> frozenset[str]:
    used = {*view.files_used, *targets(view), *view.kustomizations}
    for kustomization in view.kustomizations.values():
        for _, _, written in kustomization.references("generators", "transformers", "validators"):
            target = kustomization.resolve(written)
            for document in view.load(target) if "\n" not in written else ():
                used.update(beside(posixpath.dirname(target), t) for t in _texts(document))
    for manifest in view.manifests("argoproj.io", "ApplicationSet"):
        used.update(file for git in _git_generators(manifest.spec) for file in git_files(view, git, {}))
    for config in view.load("kustodian.yaml"):
        named = {posixpath.normpath(t) for t in _texts(config) if "/" in t or "." in t}
        below = tuple(f"{name}/" for name in named)
        used.update(file for file in view.file_set if file in named or file.startswith(below))
    return frozenset(used)


def _texts(value: object) -> Iterator[str]:
    """Every short text in a document, a `key=path` entry by its path."""
    if isinstance(value, str):
        if value and "\n" not in value and len(value) < 300:
            yield value.rpartition("=")[2]
    else:
        children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for child in children:
            yield from _texts(child)


def _git_generators(value: object) -> Iterator[dict[str, object]]:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and isinstance(value.get("git"), dict):
        yield value["git"]
    for child in children:
        yield from _git_generators(child)


def _is_kustomized(view: RepositoryView, folder: str, folders: Set[str]) -> bool:
    """Whether kustomizations deploy this folder: its own, or one above it below the root."""
    broken = any(
        f"{folder}/{name}" in view.file_set and f"{folder}/{name}" not in view.kustomizations
        for name in KUSTOMIZATION_NAMES
    )
    if broken:
        return False
    if folder in folders:
        return True
    while (folder := posixpath.dirname(folder)) and folder != ".":
        if folder in view.graph.by_folder:
            return True
    return False


def _plain_folders(view: RepositoryView) -> Iterator[str]:
    """Folders that Argo CD applies as they are: sources without a kustomization, or with `directory`."""
    for application in applications(view):
        with_directory = {path for path, source in application.written_sources if "directory" in source}
        for source in application.sources:
            if UNKNOWN not in source.folder and (
                source.path in with_directory or source.folder not in view.graph.by_folder
            ):
                yield source.folder


def _is_within(folder: str, folders: set[str]) -> bool:
    return any(folder == other or folder.startswith(other + "/") for other in folders if other != ".")


def _deploys_its_folder(document: SourceDocument, deployments: set[tuple[str, str]]) -> bool:
    """Whether it is a root Application, applied by hand, that deploys the folder it is in.

    `deployments` are the files of Applications, each with a folder that it deploys.
    """
    return (document.file, _folder(document.file)) in deployments


def _is_for_a_tool(document: SourceDocument) -> bool:
    group = document.api_version.partition("/")[0]
    return group in _TOOL_GROUPS or (document.api_version == "v1" and document.kind == "Config")


RULE = RepositoryRule(
    id="unused-file",
    topic="kustomize",
    severity="W/W/W",
    check=check,
    shared=_undecided_files,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.NEVER,
    options={"ignore": Option((), "globs of files that may be unused")},
)
