"""The check shared by `missing-config-map` and `missing-secret`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_references import Reference, is_final
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation


def missing(
    kind: str,
    references: Iterable[Reference],
    exists: Callable[[str, str, ObjectSet], bool],
    keys_of: Callable[[str, str, ObjectSet], set[str] | None],
    objects: ObjectSet,
) -> Iterator[Violation]:
    """One violation for each missing object per manifest, and for each missing key of an existing object.

    A Deployment that names the same missing ConfigMap twenty times has one problem, not twenty.
    """
    absent: dict[tuple[int, str], list[Reference]] = defaultdict(list)
    for reference in references:
        name, namespace = reference.name, reference.namespace
        if not is_final(name):
            continue
        if not exists(name, namespace, objects):
            absent[id(reference.manifest), name].append(reference)
            continue
        existing_keys = keys_of(name, namespace, objects) if reference.keys else None
        for key, path in reference.keys:
            if existing_keys is not None and key not in existing_keys:
                message = f'{reference.user} needs the key "{key}" of {kind} {name}, which has no such key'
                yield Violation(path, message, reference.manifest, measure=Exactly(f"{name}/{key}"))
    for first, *others in absent.values():
        more = f" (and in {len(others)} more place{'s' if len(others) > 1 else ''})" if others else ""
        message = (
            f"{first.user} needs the {kind} {first.name}, which does not exist in namespace {first.namespace}"
        )
        yield Violation(first.path, message + more, first.manifest, measure=Exactly(first.name))
