"""Helm value files of Applications.

Source: Argo CD documentation, "Helm" (value files are relative to the chart's folder, with a leading slash to
the repository's root) and "Multiple Sources for an Application" (`$ref/` is the root of another source),
https://argo-cd.readthedocs.io/en/stable/user-guide/multiple_sources/
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from kustodian.argocd import generators as _generators
from kustodian.argocd.applications import Application, normal_url
from kustodian.argocd.generators import UNKNOWN
from kustodian.model.json_value import FieldPath, JsonObject, dig, mapping, sequence, text


class ValueFile(NamedTuple):
    """One entry of `helm.valueFiles` for one parameter set; `file` is relative to the root of `repo_url`."""

    path: FieldPath
    repo_url: str
    file: str
    is_by_ref: bool


def value_files(application: Application) -> Iterator[ValueFile]:
    """The value files that must exist and whose path is known, for each parameter set.

    URLs, patterns, variables of the build and files inside a chart of a Helm repository are left out.
    """
    by_ref = {f"${name}": data for _, data in application.written_sources if (name := text(data.get("ref")))}
    for path, data in application.written_sources:
        helm = mapping(data.get("helm"))
        if helm.get("ignoreMissingValueFiles") is True:
            continue
        for index, entry in enumerate(sequence(helm.get("valueFiles"))):
            for params in application.parameters if isinstance(entry, str) else ():
                place = _place(_generators.expand(entry, params), data, by_ref, params)
                if place is not None:
                    yield ValueFile((*path, "helm", "valueFiles", index), *place)


def _place(
    entry: str, source: JsonObject, by_ref: dict[str, JsonObject], params: JsonObject
) -> tuple[str, str, bool] | None:
    head, slash, rest = entry.partition("/")
    is_by_ref = bool(slash) and head in by_ref
    if is_by_ref:
        source, entry = by_ref[head], f"/{rest}"
    url, folder = (_generators.expand(text(source.get(key)), params) for key in ("repoURL", "path"))
    inside_chart = bool(dig(source, ("chart",))) and not is_by_ref
    if not entry or inside_chart or "://" in entry or any(mark in entry for mark in "$*?[{"):
        return None
    file = entry.lstrip("/") if entry.startswith("/") else posixpath.join(folder.strip("/"), entry)
    if UNKNOWN in file or UNKNOWN in url:
        return None
    return normal_url(url), posixpath.normpath(file), is_by_ref
