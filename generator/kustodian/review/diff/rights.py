"""The rights that a change of a Role or a binding grants and revokes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kustodian.kubernetes.rbac import BINDING_KINDS, ROLE_KINDS, rights_of, subjects
from kustodian.model.json_value import dig, text
from kustodian.model.manifest import Manifest

#: The number of rights in a sentence; the changed fields show the others.
_NAMED = 4


def rights_notes(before: Manifest | None, after: Manifest | None) -> Iterator[str]:
    """Sentences about one Role or binding; none if no right changes."""
    present = after or before
    assert present is not None
    if (present.group, present.kind) in ROLE_KINDS:
        yield from _role_notes(before, after)
    elif (present.group, present.kind) in BINDING_KINDS:
        yield from _binding_notes(before, after)


def _role_notes(before: Manifest | None, after: Manifest | None) -> Iterator[str]:
    old, new = (rights_of(side) if side is not None else frozenset() for side in (before, after))
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


def _subjects(binding: Manifest | None) -> set[str]:
    entries = subjects(binding) if binding is not None else []
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


def _listed(things: Iterable[object]) -> str:
    names = [str(thing) for thing in things]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
