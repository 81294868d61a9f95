"""What a change of a Role or a binding gives and takes, said in rights rather than in fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kustodian.model.json_value import dig, mappings, sequence, text
from kustodian.model.manifest import Manifest

GROUP = "rbac.authorization.k8s.io"
_ROLES, _BINDINGS = ("Role", "ClusterRole"), ("RoleBinding", "ClusterRoleBinding")
#: So many rights are named; the fields show the rest.
_NAMED = 4


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One verb on one resource of one group, or on one URL; `name` is empty for objects of any name."""

    verb: str
    group: str
    resource: str
    name: str = ""

    def covers(self, other: Right) -> bool:
        """Whether whoever has this right has the other."""
        return (
            self.verb in ("*", other.verb)
            and self.group in ("*", other.group)
            and self.resource in ("*", other.resource)
            and self.name in ("", other.name)
        )

    def __str__(self) -> str:
        """`delete secrets`, `get deployments.apps named iris`."""
        of = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {of}" + (f" named {self.name}" if self.name else "")


def rights_notes(before: Manifest | None, after: Manifest | None) -> Iterator[str]:
    """Sentences about one Role or binding; none where who may do what stays as it is."""
    known = after or before
    assert known is not None
    if known.is_a(GROUP, *_ROLES):
        yield from _role_notes(before, after)
    elif known.is_a(GROUP, *_BINDINGS):
        yield from _binding_notes(before, after)


def _role_notes(before: Manifest | None, after: Manifest | None) -> Iterator[str]:
    old, new = _rights(before), _rights(after)
    gained = sorted(right for right in new if not any(other.covers(right) for other in old))
    lost = sorted(right for right in old if not any(other.covers(right) for other in new))
    if gained and before is not None:
        yield f"rights grow: {_listed(gained)}"
    elif gained:
        yield "a new set of rights: who is bound to it gets them"
    if lost and after is not None:
        yield f"rights shrink: {_listed(lost)}"
    sides = [side.data.get("aggregationRule") if side else None for side in (before, after)]
    if before is not None and sides[0] != sides[1]:
        yield "rights change: the roles that are added up are others"


def _binding_notes(before: Manifest | None, after: Manifest | None) -> Iterator[str]:
    old, new = _subjects(before), _subjects(after)
    role = dig((after or before or Manifest({})).data, ("roleRef", "name"))
    gained, lost = (sorted(one - other) for one, other in ((new, old), (old, new)))
    if gained:
        yield f"rights grow: {_listed(gained)} may do what {role} may"
    if lost and after is not None:
        yield f"rights shrink: {_listed(lost)} may no longer do what {role} may"


def _rights(role: Manifest | None) -> set[Right]:
    found: set[Right] = set()
    for _, rule in mappings(role.data.get("rules")) if role is not None else ():
        verbs, names = _texts(rule.get("verbs")), _texts(rule.get("resourceNames")) or [""]
        places = [(g, r) for g in _texts(rule.get("apiGroups")) for r in _texts(rule.get("resources"))]
        places += [("", url) for url in _texts(rule.get("nonResourceURLs"))]
        found |= {Right(verb, *place, name) for verb in verbs for place in places for name in names}
    return found


def _subjects(binding: Manifest | None) -> set[str]:
    entries = mappings(binding.data.get("subjects")) if binding is not None else []
    return {
        " ".join(
            filter(
                None,
                (
                    text(s.get("kind")),
                    "/".join(filter(None, (text(s.get("namespace")), text(s.get("name"))))),
                ),
            )
        )
        for _, s in entries
    }


def _texts(value: object) -> list[str]:
    return [entry for entry in sequence(value) if isinstance(entry, str)]


def _listed(things: Iterable[object]) -> str:
    names = [str(thing) for thing in things]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
