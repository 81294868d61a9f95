"""What `missing-config-map` and `missing-secret` share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from kustodian.model.object_set import ObjectSet
from kustodian.policy.rule import Violation
from kustodian.policy.rules.references._references import Reference, is_final


def missing(
    kind: str,
    references: Iterable[Reference],
    exists: Callable[[str, str, ObjectSet], bool],
    keys_of: Callable[[str, str, ObjectSet], set[str] | None],
    objects: ObjectSet,
) -> Iterator[Violation]:
    """One violation for each reference to an absent object, or to an absent key of a present one."""
    for reference in references:
        name, namespace = reference.name, reference.namespace
        if not is_final(name):
            continue
        if not exists(name, namespace, objects):
            text = f"{reference.user} needs the {kind} {name}, which does not exist in namespace {namespace}"
            yield Violation(reference.path, text, reference.manifest)
            continue
        known = keys_of(name, namespace, objects) if reference.keys else None
        for key, path in reference.keys:
            if known is not None and key not in known:
                text = f'{reference.user} needs the key "{key}" of {kind} {name}, which has no such key'
                yield Violation(path, text, reference.manifest)
