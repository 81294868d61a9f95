"""What `missing-config-map` and `missing-secret` share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_references import Reference, is_final
from kustodian.model.violation import Violation


def missing(
    kind: str,
    references: Iterable[Reference],
    exists: Callable[[str, str, ObjectSet], bool],
    keys_of: Callable[[str, str, ObjectSet], set[str] | None],
    objects: ObjectSet,
) -> Iterator[Violation]:
    """One violation for each absent object and user of it, or for an absent key of a present object.

    A Deployment that names the same absent ConfigMap twenty times has one problem, not twenty.
    """
    absent: dict[tuple[int, str], list[Reference]] = defaultdict(list)
    for reference in references:
        name, namespace = reference.name, reference.namespace
        if not is_final(name):
            continue
        if not exists(name, namespace, objects):
            absent[id(reference.manifest), name].append(reference)
            continue
        known = keys_of(name, namespace, objects) if reference.keys else None
        for key, path in reference.keys:
            if known is not None and key not in known:
                text = f'{reference.user} needs the key "{key}" of {kind} {name}, which has no such key'
                yield Violation(path, text, reference.manifest)
    for first, *others in absent.values():
        places = f" (and in {len(others)} more places)" if others else ""
        text = (
            f"{first.user} needs the {kind} {first.name}, which does not exist in namespace {first.namespace}"
        )
        yield Violation(first.path, text + places, first.manifest)
