"""Differences of the environments, and overlays that leave theirs."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from kustodian.model.environment import Environment, EnvironmentClass, environment_of, matches_any
from kustodian.model.finding import Location
from kustodian.model.overlay import Overlay
from kustodian.policy.config import Config
from kustodian.review.gate.change import GateChange, shown

#: From weak to strong.
_CLASSES = tuple(EnvironmentClass)
#: Kustomizations at least this similar are one that was moved.
_SIMILAR = 0.6
_LONGEST = 20_000


def environment_changes(base: Config, head: Config, overlays: Sequence[Overlay]) -> Iterator[GateChange]:
    """What differs in the environments; `overlays` are the change's, in the environments of the base."""
    folders = [overlay.path for overlay in overlays]
    for name, before in base.environments.items():
        if name not in head.environments:
            matched = any(matches_any(folder, before.paths) for folder in folders)
            yield GateChange(
                "environment", f"the environment {name} is removed", ("environments",),
                tightens=not matched, subject=name,
            )  # fmt: skip
            continue
        yield from _environment(name, base, head, folders)
    yield from _moved_by_configuration(base, head, overlays)


def _environment(name: str, base: Config, head: Config, folders: Sequence[str]) -> Iterator[GateChange]:
    before, after = base.environments[name], head.environments[name]
    if before.environment_class is not after.environment_class:
        old, new = before.environment_class, after.environment_class
        message = f"the environment {name} was of the class {old} and becomes {new}"
        tightens = _is_weaker(old, new)
        yield GateChange(
            "environment", message, ("environments", name, "class"), tightens=tightens, subject=name
        )
    if before.gpu_budget != after.gpu_budget:
        old_budget, new_budget = before.gpu_budget, after.gpu_budget
        smaller = new_budget is not None and (old_budget is None or new_budget < old_budget)
        message = f"the GPU budget of {name} was {shown(old_budget)} and becomes {shown(new_budget)}"
        path = ("environments", name, "gpuBudget")
        yield GateChange("option", message, path, tightens=smaller, subject=f"{name}/gpuBudget")
    for glob in before.paths:
        if glob not in after.paths:
            lost = any(matches_any(f, [glob]) and not matches_any(f, after.paths) for f in folders)
            message = f"the path `{glob}` of the environment {name} is removed"
            path = ("environments", name, "paths")
            yield GateChange("coverage", message, path, tightens=not lost, subject=f"{name}/{glob}")


def _moved_by_configuration(base: Config, head: Config, overlays: Sequence[Overlay]) -> Iterator[GateChange]:
    """Overlays that the change's configuration puts into a weaker environment, or into none."""
    paths = {name: given.paths for name, given in head.environments.items()}
    for overlay in overlays:
        before = overlay.environment
        name = environment_of(overlay.path, paths)
        if name == before.name:
            continue
        if name is None:
            if before.name in head.environments:  # else it is a guess, or the environment is removed
                message = f"{overlay.path} is no longer in the environment {before.name}"
                yield GateChange(
                    "coverage", message, ("environments", before.name, "paths"), subject=overlay.path
                )
            continue
        after = head.environment(name)
        if _is_weaker(after.environment_class, before.environment_class):
            message = f"{overlay.path} was checked as {_words(before)} and becomes {_words(after)}"
            yield GateChange("environment", message, ("environments", name), subject=overlay.path)
        elif before.name in base.environments:
            message = f"{overlay.path} moves from the environment {before.name} to {name}"
            yield GateChange("coverage", message, ("environments", name), subject=overlay.path)


def moved_overlays(
    base: Config,
    gone: Iterable[str],
    added: Iterable[str],
    text_before: Callable[[str], str],
    text_after: Callable[[str], str],
) -> Iterator[GateChange]:
    """Overlays that leave their environment because their kustomization moves.

    `gone` and `added` are kustomization files. The texts of both are read by their path.
    """
    paths = {name: given.paths for name, given in base.environments.items()}
    news = sorted(added)
    for old in sorted(gone):
        name = environment_of(posixpath.dirname(old) or ".", paths)
        if name is None:
            continue
        before = base.environment(name)
        for new in news:
            other = environment_of(posixpath.dirname(new) or ".", paths)
            after = base.environment(other) if other is not None else None
            is_kept = other == name or (
                after is not None and not _is_weaker(after.environment_class, before.environment_class)
            )
            if not is_kept and _resemble(old, text_before(old), new, text_after(new)):
                where = _words(after) if after is not None else "outside of every environment"
                message = f"{posixpath.dirname(old)} leaves {_words(before)}: its successor is {where}"
                yield GateChange("overlay", message, place=Location(new), subject=f"{old}/{new}")


def _resemble(old: str, before: str, new: str, after: str) -> bool:
    """Whether one kustomization may be the successor of the other."""
    old_folder, new_folder = posixpath.dirname(old), posixpath.dirname(new)
    if posixpath.basename(old_folder) == posixpath.basename(new_folder):
        return True
    if _bases(old_folder, before) & _bases(new_folder, after):
        return True
    return SequenceMatcher(None, before[:_LONGEST], after[:_LONGEST]).quick_ratio() >= _SIMILAR


def _bases(folder: str, text: str) -> set[str]:
    """The paths outside of the folder that a kustomization names."""
    words = (word.strip("-'\"[],") for word in text.split())
    return {posixpath.normpath(posixpath.join(folder, word)) for word in words if word.startswith("../")}


def _is_weaker(one: EnvironmentClass, other: EnvironmentClass) -> bool:
    return _CLASSES.index(one) < _CLASSES.index(other)


def _words(environment: Environment) -> str:
    name = environment.name or "no environment"
    return f"{name} ({environment.environment_class})"
