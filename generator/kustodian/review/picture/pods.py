"""The objects of its namespace that a pod uses, in the order of the graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kustodian.kubernetes.pod_references import SECRETS_STORE_GROUP, Use, references_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import mapping, mappings, text

_ORDER: tuple[Use, ...] = ("volume", "env", "pull", "runs as")


class UsedObject(NamedTuple):
    """An object of a pod's namespace that the pod uses, and how."""

    group: str
    kind: str
    name: str
    how: Use


def used_objects(pod: PodTemplate) -> Iterator[UsedObject]:
    """The objects that a pod references, with duplicates."""
    for reference in sorted(references_of(pod), key=lambda one: _ORDER.index(one.how)):
        group = SECRETS_STORE_GROUP if reference.kind == "SecretProviderClass" else ""
        yield UsedObject(group, reference.kind, reference.name, reference.how)
    # The controller creates a claim for each pod; the graph shows the template.
    for _, claim in mappings(pod.owner.spec.get("volumeClaimTemplates")):
        name = text(mapping(claim.get("metadata")).get("name"))
        if name:
            yield UsedObject("", "PersistentVolumeClaim", f"{name}-{pod.owner.name}-*", "volume")
