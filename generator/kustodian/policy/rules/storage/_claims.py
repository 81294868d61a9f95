"""The specs of PersistentVolumeClaims wherever they are defined; shared by the claim rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.json_value import FieldPath, JsonObject, mapping, mappings, string_map, text
from kustodian.model.manifest import Manifest

#: The paths of claim template lists: StatefulSet and Workflow, CronWorkflow, LeaderWorkerSet.
_TEMPLATES: tuple[FieldPath, ...] = (
    ("spec", "volumeClaimTemplates"),
    ("spec", "workflowSpec", "volumeClaimTemplates"),
    ("spec", "leaderWorkerTemplate", "volumeClaimTemplates"),
)


class ClaimSpec(NamedTuple):
    """One claim: `path` leads to its spec; `what` names it in a sentence."""

    path: FieldPath
    spec: JsonObject
    annotations: dict[str, str]
    what: str


def claim_specs(manifest: Manifest) -> tuple[ClaimSpec, ...]:
    """A PersistentVolumeClaim itself, claim templates, and the ephemeral volumes of pods."""
    return manifest.memoized(_claim_specs)


def _claim_specs(manifest: Manifest) -> tuple[ClaimSpec, ...]:
    return tuple(_generate_specs(manifest))


def _generate_specs(manifest: Manifest) -> Iterator[ClaimSpec]:
    if manifest.is_a("", "PersistentVolumeClaim"):
        yield ClaimSpec(("spec",), manifest.spec, manifest.annotations, f"claim {manifest.name}")
        return
    spec = manifest.spec
    for base in (base for base in _TEMPLATES if base[1] in spec):
        for index, template in mappings(manifest.get(*base)):
            yield _from_template(template, (*base, index), "claim template")
    for pod in pods_of(manifest):
        for path, volume in pod.volumes:
            ephemeral = mapping(mapping(volume.get("ephemeral")).get("volumeClaimTemplate"))
            if ephemeral:
                name = text(volume.get("name"))
                claim = _from_template(
                    ephemeral, (*path, "ephemeral", "volumeClaimTemplate"), "ephemeral volume"
                )
                yield ClaimSpec(claim.path, claim.spec, claim.annotations, f"ephemeral volume {name}")


def _from_template(template: JsonObject, path: FieldPath, noun: str) -> ClaimSpec:
    metadata = mapping(template.get("metadata"))
    what = f"{noun} {text(metadata.get('name'))}"
    return ClaimSpec(
        (*path, "spec"), mapping(template.get("spec")), string_map(metadata.get("annotations")), what
    )
