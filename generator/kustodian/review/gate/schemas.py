"""Differences of the schemas of custom resources: what a change no longer requires."""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.finding import Location
from kustodian.model.json_value import JsonObject, mapping
from kustodian.review.check.plan import Plan
from kustodian.review.gate.change import GateChange

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
#: Constraints that are weaker if they are gone or differ, because their values cannot be ordered.
_OTHER = (
    "type", "format", "pattern", "multipleOf", "uniqueItems", "not", "allOf", "anyOf", "oneOf",
    "x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-map-type",
)  # fmt: skip
_DEEPEST = 60


def schema_changes(base: Plan, head: Plan) -> Iterator[GateChange]:
    """What differs in the definitions of the base; both plans have read their schemas by their own rules."""
    before, after = base.settings.schemas, head.settings.schemas
    if before is None or after is None:
        return
    for path in base.config.schemas:
        if path not in head.config.schemas:
            yield GateChange(
                "schema", f"the schemas in {path} are no longer read", ("schemas",), subject=path
            )
    places = _places(head)
    for group, kind in sorted(before.given_kinds):
        old, new = before.custom_kind(group, kind), after.custom_kind(group, kind)
        name = f"{kind} ({group})"
        place = places.get((group, kind))
        if old is None or old is new:
            continue
        if new is None or not after.is_given(group, kind):
            yield GateChange(
                "schema", f"the definition of {name} is removed", ("schemas",), place, subject=name
            )
            continue
        for version, was in old.versions.items():
            subject, now = f"{name}/{version}", new.versions.get(version)
            if now is None:
                message = f"the version {version} of {name} is removed"
                yield GateChange("schema", message, ("schemas",), place, subject=subject)
                continue
            weaker = next(_weaker(was.schema or {}, now.schema or {}), None)
            if was.schema is not None and now.schema is None:
                weaker = "it is gone"
            elif new.preserves_unknown and not old.preserves_unknown:
                weaker = "unknown fields are kept"
            if weaker is not None:
                message = f"the schema of {name} {version} is weaker: {weaker}"
                yield GateChange("schema", message, ("schemas",), place, subject=subject)


def _places(plan: Plan) -> dict[tuple[str, str], Location]:
    """Where each definition of the repository starts."""
    places: dict[tuple[str, str], Location] = {}
    for file, heads, _ in plan.scan.yaml_files if plan.scan else ():
        for head in heads:
            group, kind = head.get("definesGroup"), head.get("definesKind")
            if isinstance(group, str) and isinstance(kind, str):
                places.setdefault((group, kind), Location(file, head.get("line") or 1))
    return places


def _weaker(old: JsonObject, new: JsonObject, where: str = "", depth: int = 0) -> Iterator[str]:
    """What a schema no longer requires, in words."""
    field = where or "the object"
    if old == new or depth > _DEEPEST:
        return
    lost = [name for name in old.get("required") or () if name not in (new.get("required") or ())]
    if lost:
        yield f"{field} no longer requires {', '.join(map(str, lost))}"
    if new.get("x-kubernetes-preserve-unknown-fields") and not old.get(
        "x-kubernetes-preserve-unknown-fields"
    ):
        yield f"{field} keeps unknown fields"
    if new.get("x-kubernetes-embedded-resource") is None and old.get("x-kubernetes-embedded-resource"):
        yield f"{field} need not be an object of Kubernetes"
    if new.get("nullable") and not old.get("nullable"):
        yield f"{field} may be null"
    if new.get("x-kubernetes-int-or-string") and not old.get("x-kubernetes-int-or-string"):
        yield f"{field} may be a number or text"
    yield from _bounds(old, new, field)
    yield from _inside(old, new, where, depth)


def _bounds(old: JsonObject, new: JsonObject, field: str) -> Iterator[str]:
    for names, sign in ((_LOWER, 1), (_UPPER, -1)):
        for name in names:
            before, after = old.get(name), new.get(name)
            if not isinstance(before, int | float):
                continue
            if not isinstance(after, int | float) or (after - before) * sign < 0:
                yield f"{name} of {field} was {before}"
    allowed, still = old.get("enum"), new.get("enum")
    if isinstance(allowed, list) and not (isinstance(still, list) and all(v in allowed for v in still)):
        yield f"{field} allows more values"
    for name in _OTHER:
        if name in old and old[name] != new.get(name):
            yield f"{name} of {field} {'differs' if name in new else 'is gone'}"


def _inside(old: JsonObject, new: JsonObject, where: str, depth: int) -> Iterator[str]:
    was, now = mapping(old.get("properties")), mapping(new.get("properties"))
    if was and not now and new.get("additionalProperties") is not None:
        yield f"{where or 'the object'} has no fields of its own any more"
    for name, schema in was.items():
        if name in now:
            yield from _weaker(mapping(schema), mapping(now[name]), f"{where}.{name}".lstrip("."), depth + 1)
    for name in ("items", "additionalProperties"):
        if isinstance(old.get(name), dict):
            if not isinstance(new.get(name), dict):
                yield f"{name} of {where or 'the object'} is gone"
            else:
                yield from _weaker(old[name], new[name], f"{where}[]", depth + 1)
