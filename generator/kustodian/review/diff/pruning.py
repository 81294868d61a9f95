"""What Argo CD does with an object that a change removes, according to the repository's Applications.

Source: Argo CD documentation, "Automated Sync Policy", "Sync Options" and "Controlling if/when the
ApplicationSet controller modifies Applications", https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kustodian.argocd.applications import Application, applications
from kustodian.argocd.generators import UNKNOWN, Expanded, expand, pattern
from kustodian.model.json_value import JsonObject, dig, mapping, text
from kustodian.model.manifest import Manifest
from kustodian.model.repository.view import RepositoryView

_HOOK, _OPTIONS = "argocd.argoproj.io/hook", "argocd.argoproj.io/sync-options"
#: `{{ has .path.basename (list "dev" "staging") }}` and `{{ eq .path.basename "dev" }}`.
_CONDITION = re.compile(
    r'\{\{-?\s*(?P<test>has|eq|ne)\s+(?P<value>\.[\w.]+)\s+(?:\(list\s+(?P<list>[^()]*)\)|"(?P<one>[^"]*)")\s*-?\}\}'
)
#: The beginning of the sentence if Argo CD may delete the object.
DELETES = "Argo CD deletes it"
_NOT_KNOWN = f"{DELETES} where pruning is on, and leaves it behind where it is off"


@dataclass(frozen=True, slots=True)
class _Deployed:
    """An Application that deploys a folder; `prunes` is None if it is not known.

    `is_set` says that an ApplicationSet generates it. Then `deletes` says whether the ApplicationSet deletes
    an Application that it no longer generates, and `preserves` whether the deployed objects are kept.
    """

    name: str
    automated: bool
    prunes: bool | None
    is_set: bool
    deletes: bool = False
    preserves: bool = False

    @property
    def end(self) -> str:
        """What happens to the objects if the ApplicationSet no longer generates the Application."""
        if not self.deletes:
            return f"stays in the cluster: the ApplicationSet keeps Application {self.name}, whose sync fails"
        if self.preserves:
            return f"stays in the cluster: only Application {self.name} itself goes, without what it deployed"
        return f"{DELETES} together with Application {self.name}"


class Pruning:
    """What Argo CD does with objects that a change removes."""

    def __init__(self, before: RepositoryView, after: RepositoryView) -> None:
        """`before` and `after` are the repository at both revisions."""
        self._views = (before, after)
        self._found: tuple[list[tuple[Expanded, _Deployed]], ...] | None = None

    def fate(self, manifest: Manifest, overlay: str, *, overlay_is_gone: bool) -> str:
        """A sentence about an object that its overlay no longer contains."""
        options = manifest.annotations.get(_OPTIONS, "").replace(" ", "").split(",")
        if _HOOK in manifest.annotations:
            return "a hook: Argo CD no longer runs it, and leaves what the last run made"
        if "Prune=false" in options:
            return "Argo CD leaves it in the cluster: it is marked Prune=false"
        before, after = self._deployed(overlay)
        if overlay_is_gone:
            return _of_a_gone_overlay(before, after)
        if not after:
            return _NOT_KNOWN
        asks = "Prune=confirm" in options
        return next((_of_pruning(one, asks) for one in after if one.prunes is not False), _of_kept(after[0]))

    def moved(self, old: str, new: str) -> tuple[str, ...]:
        """Sentences about an overlay whose folder was renamed."""
        before, after = self._deployed(old)[0], self._deployed(new)[1]
        if not before or {one.name for one in before} & {one.name for one in after}:
            return ()
        one = before[0]
        if not one.is_set:
            return (f"Application {one.name} deployed it from {old}: point it at {new}, or its sync fails",)
        return (f"what Application {one.name} deployed from {old}: {one.end}",)

    def _deployed(self, overlay: str) -> tuple[list[_Deployed], list[_Deployed]]:
        if self._found is None:
            self._found = tuple(list(_deployed_in(view)) for view in self._views)
        before, after = ([one for where, one in side if where.match(overlay)] for side in self._found)
        return before, after


def _of_pruning(one: _Deployed, asks: bool) -> str:
    application = f"Application {one.name}"
    if one.prunes is None:
        return f"Argo CD deletes it if {application} prunes, which cannot be told from its template"
    if asks:
        return f"Argo CD deletes it once a person confirms: {application} prunes, it is marked Prune=confirm"
    return f"Argo CD deletes it: {application} prunes"


def _of_kept(one: _Deployed) -> str:
    by, does_not = ("prunes it", "prune") if one.automated else ("syncs with pruning", "sync")
    return f"stays in the cluster until a person {by}: Application {one.name} does not {does_not} by itself"


def _of_a_gone_overlay(before: list[_Deployed], after: list[_Deployed]) -> str:
    if after:
        return f"stays in the cluster: Application {after[0].name} still names the folder, its sync fails"
    if not before:
        return _NOT_KNOWN
    one = before[0]
    if not one.is_set:
        return f"stays in the cluster unless Application {one.name} is deleted with what it deployed"
    return one.end


def _deployed_in(view: RepositoryView) -> Iterator[tuple[Expanded, _Deployed]]:
    for application in applications(view):
        for parameters in application.parameters:
            for _, source in application.written_sources:
                folder = expand(text(source.get("path")), parameters).strip("/")
                if folder and folder != UNKNOWN and not source.get("chart"):
                    yield pattern(folder), _deployed_by(application, parameters)


def _deployed_by(application: Application, parameters: JsonObject) -> _Deployed:
    manifest = application.placed.manifest
    policy = mapping(application.spec.get("syncPolicy"))
    name = manifest.name
    known = True
    if application.is_set:
        name = _shown(expand(text(manifest.get(*application.base, "metadata", "name")), parameters), manifest)
        patch = text(manifest.spec.get("templatePatch"))
        patched = _parsed(_filled(patch, parameters)) if patch else {}
        known = patched is not None
        policy = _merged(policy, mapping(dig(patched, ("spec", "syncPolicy"))))
    automated = policy.get("automated")
    on = isinstance(automated, dict) and automated.get("enabled") is not False
    prunes = _truth(mapping(automated).get("prune", False), parameters) if known else None
    prunes = prunes and on if known else None
    if not application.is_set:
        return _Deployed(name, on, prunes, is_set=False)
    rules = mapping(manifest.spec.get("syncPolicy"))
    deletes = rules.get("applicationsSync") not in ("create-only", "create-update")
    preserves = rules.get("preserveResourcesOnDeletion") is True
    return _Deployed(name, on, prunes, is_set=True, deletes=deletes, preserves=preserves)


def _shown(name: str, manifest: Manifest) -> str:
    return f"of {manifest.kind} {manifest.name}" if not name or UNKNOWN in name else name


def _filled(template: str, parameters: JsonObject) -> str:
    """A template with its conditions and values filled in, `UNKNOWN` for those that are not supported."""

    def decided(match: re.Match[str]) -> str:
        value = expand(f"{{{{ {match['value']} }}}}", parameters)
        if value == UNKNOWN:
            return UNKNOWN
        if match["test"] == "has":
            return json.dumps(value in re.findall(r'"([^"]*)"', match["list"] or ""))
        return json.dumps((value == match["one"]) is (match["test"] == "eq"))

    return expand(_CONDITION.sub(decided, template), parameters)


def _parsed(patch: str) -> JsonObject | None:
    """A template patch as data; None if it is not valid YAML without its unknown values."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        data = YAML(typ="safe", pure=True).load(patch.replace(UNKNOWN, "unknown-to-kustodian"))
    except YAMLError:
        return None
    return data if isinstance(data, dict) else None


def _merged(base: JsonObject, patch: JsonObject) -> JsonObject:
    merged: dict[str, Any] = dict(base)
    for key, value in patch.items():
        own = merged.get(key)
        merged[key] = _merged(own, value) if isinstance(own, dict) and isinstance(value, dict) else value
    return merged


def _truth(value: object, parameters: JsonObject) -> bool | None:
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(_filled(value, parameters).strip().lower())
    return value if isinstance(value, bool) else None
