"""What Applications deploy although no overlay of the plan covers it: more overlays, or "not checked".

A folder that the scan leaves out (dot folders, `venv`, `node_modules`), a base that other overlays change,
and a folder of plain manifests are checked by themselves, because that is what the cluster gets.
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.argocd.deployed import NotLookedAt, deployments
from kustodian.model.errors import Undecided
from kustodian.model.finding import Location
from kustodian.model.overlay import NotChecked, Overlay
from kustodian.model.repository.view import RepositoryView
from kustodian.repository.layout import is_excluded
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.plan import Plan
from kustodian.review.check.targets import environment_in
from kustodian.review.locate.locator import Locator


def uncovered(view: RepositoryView, plan: Plan, options: CheckOptions) -> list[Overlay]:
    """The overlays that Applications deploy and that are not in the plan."""
    if not plan.whole_repository:
        return []
    known = {overlay.path for overlay in plan.overlays} | {overlay.path for overlay, _ in plan.not_checkable}
    covered = {file for overlay in plan.overlays for file in overlay.files}
    found: list[Overlay] = []
    for folder, files in _by_folder(view).items():
        if is_excluded(folder, plan.config.exclude):
            continue
        environment = environment_in(folder, plan.config)
        if options.environments and environment.name not in options.environments:
            continue
        rest = tuple(sorted(files - covered))
        if folder not in known and (rest or not files):
            found.append(Overlay(folder, environment, tuple(sorted(files))))
        elif rest:  # another Application deploys a part of the folder
            found += [Overlay(file, environment, (file,)) for file in rest if file not in known]
    return found


def _by_folder(view: RepositoryView) -> dict[str, set[str]]:
    """The folders that Applications deploy, with the files of those without a kustomization."""
    folders: dict[str, set[str]] = {}
    try:
        for deployed in deployments(view).folders:
            folders.setdefault(deployed.folder, set()).update(deployed.files)
    except Undecided:
        return {}  # `not_looked_at` says so
    return folders


def not_looked_at(view: RepositoryView, plan: Plan, locator: Locator) -> Iterator[NotChecked]:
    """What Applications deploy and nothing checks, with the line of the Application."""
    try:
        entries = deployments(view).not_looked_at if plan.whole_repository else ()
    except Undecided as error:
        yield NotChecked(error.code, f"what Applications deploy is not known: {error}")
        return
    for entry in entries:
        if entry.code != "argocd-override" and is_excluded(entry.folder, plan.config.exclude):
            continue
        place = _place(view, entry, locator)
        yield NotChecked(
            entry.code, f"{entry.message} ({_HINTS[entry.code]})", place.file, place.line, place.column
        )


_HINTS = {
    "argocd-chart": "render it with `helmCharts` of a kustomization, or exclude its folder in kustodian.yaml",
    "argocd-jsonnet": "commit what it renders, or exclude its folder in kustodian.yaml",
    "argocd-plugin": "commit what it renders, or exclude its folder in kustodian.yaml",
    "argocd-override": "write the change into the overlay",
}


def _place(view: RepositoryView, entry: NotLookedAt, locator: Locator) -> Location:
    placed = entry.application.placed
    rendered = view.overlay_at.get(placed.overlay) if placed.overlay is not None else None
    if rendered is not None:
        return locator.locate(placed.manifest, entry.path)
    return locator.in_file(placed.file, (*placed.inside, *entry.path), placed.document)
