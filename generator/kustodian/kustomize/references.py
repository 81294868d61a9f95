"""The files, folders and remote addresses that a kustomization names."""

from __future__ import annotations

import re

from kustodian.model.json_value import FieldPath, mapping, mappings, sequence, text
from kustodian.model.repository.kustomization import BASE_FIELDS, Kustomization
from kustodian.model.repository.view import RepositoryView

_LIST_FIELDS = (
    *BASE_FIELDS, "generators", "transformers", "validators", "configurations", "crds",
    "patchesStrategicMerge", "patches",
)  # fmt: skip
_GENERATORS = ("configMapGenerator", "secretGenerator")
_SCHEMES = ("ssh://", "https://", "http://", "file://")
_USER = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*@")
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


def written_references(kustomization: Kustomization) -> list[tuple[FieldPath, str]]:
    """Every file, folder or address that the kustomization names, as (path of the field, text).

    Inline YAML is left out. Of `key=file` in a generator, the text is the file.
    """
    return kustomization.memoized(_references)


def _references(kustomization: Kustomization) -> list[tuple[FieldPath, str]]:
    return [(path, text) for path, text in _all_references(kustomization) if text and "\n" not in text]


def _all_references(kustomization: Kustomization) -> list[tuple[FieldPath, str]]:
    data = kustomization.data
    references: list[tuple[FieldPath, str]] = []
    for name, index, entry in kustomization.references(*_LIST_FIELDS):
        references.append(((name, index), entry))
    for name in ("patches", "patchesJson6902", "replacements"):
        for index, item in mappings(data.get(name)):
            references.append(((name, index, "path"), text(item.get("path"))))
    for name in _GENERATORS:
        for index, item in mappings(data.get(name)):
            references.append(((name, index, "env"), text(item.get("env"))))
            for position, entry in enumerate(sequence(item.get("envs"))):
                references.append(((name, index, "envs", position), text(entry)))
            for position, entry in enumerate(sequence(item.get("files"))):
                references.append(((name, index, "files", position), text(entry).rpartition("=")[2]))
    for name, key in (("helmCharts", "valuesFile"), ("helmChartInflationGenerator", "values")):
        for index, item in mappings(data.get(name)):
            references.append(((name, index, key), text(item.get(key))))
            for position, entry in enumerate(sequence(item.get("additionalValuesFiles"))):
                references.append(((name, index, "additionalValuesFiles", position), text(entry)))
    references.append((("openapi", "path"), text(mapping(data.get("openapi")).get("path"))))
    return references


def targets(view: RepositoryView) -> frozenset[str]:
    """Every path that any kustomization of the repository names, relative to its root.

    A remote address counts as the local path that it would be.
    """
    return view.memoized(_targets)


def _targets(view: RepositoryView) -> frozenset[str]:
    return frozenset().union(
        *(kustomization.memoized(_named_paths) for kustomization in view.kustomizations.values())
    )


def _named_paths(kustomization: Kustomization) -> frozenset[str]:
    return frozenset(kustomization.resolve(written) for _, written in written_references(kustomization))


def may_be_remote(written: str) -> bool:
    """Whether the text may be a remote address; a cheap test before the two below."""
    return ":" in written or "@" in written or written[:6].lower() == "github"


def is_remote_file(written: str) -> bool:
    """Whether kustomize would fetch the text over HTTP.

    Source: sigs.k8s.io/kustomize/api/internal/loader `IsRemoteFile`.
    """
    return written.lower().startswith(("https://", "http://"))


def is_remote_repository(written: str) -> bool:
    """Whether kustomize would clone the text with git.

    That is a URL with a scheme, `user@host:path`, or `github.com/` or `github.com:` without either. A leading
    `git::` is ignored. The path of a repository must follow the host. Source: kustomize 5.8,
    api/internal/git/repospec.go.
    """
    rest = written.partition("?")[0]
    if rest.startswith("/") or not may_be_remote(rest):
        return False
    if rest.lower().startswith("git::"):
        rest = rest[len("git::") :]
    scheme = next((s for s in _SCHEMES if rest.lower().startswith(s)), "")
    rest = rest[len(scheme) :]
    user = _USER.match(rest)
    rest = rest[user.end() :] if user else rest
    github = rest.lower().startswith(("github.com/", "github.com:"))
    if not scheme and not user and not github:
        return False
    if scheme == "file://":
        return bool(rest)
    separators = "/" if scheme else "/:"
    cut = min((rest.find(c) for c in separators if c in rest), default=-1)
    host, repository = rest[:cut], rest[cut + 1 :]
    marked = "_git/" in repository or "//" in repository or ".git" in repository
    return cut > 0 and bool(host) and bool(repository) and (marked or "/" in repository)


def is_pinned(written: str) -> bool:
    """Whether a remote address names a single commit by its full SHA-1 or SHA-256.

    The commit of a repository is its `ref` or `version`. That of a file may also be a segment of its path, as
    in raw.githubusercontent.com/org/repo/<sha>/file.
    """
    address, _, query = written.partition("?")
    values = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair)
    revision = values.get("ref") or values.get("version") or ""
    if _SHA.match(revision):
        return True
    is_file = is_remote_file(written) and not revision and "//" not in address.partition("://")[2]
    return is_file and any(_SHA.match(segment) for segment in address.split("/"))
