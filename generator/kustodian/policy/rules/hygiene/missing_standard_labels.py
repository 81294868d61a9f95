"""Workload lacks the labels that say what it is, which version runs and who owns it.

Why: Dashboards, cost reports and the person on call find an application and its owner only by these labels.

Fix: Add them once for all objects with `labels:` (without `includeSelectors`) in the overlay's kustomization.

Wrong:
    metadata:
      labels: {app: iris}

Right:
    # kustomization.yaml
    labels:
      - pairs:
          app.kubernetes.io/name: iris
          app.kubernetes.io/part-of: iris
          app.kubernetes.io/version: 1.4.2
          app.kubernetes.io/managed-by: argocd
          owner: ml-platform

Options:
    labels: the labels that must be there.
    ownerKeys: labels or annotations, one of which must be there; an empty list requires no owner.

Source: Kubernetes documentation, "Recommended Labels",
https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.manifest import Manifest
from kustodian.model.measure import members
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Option, Worse

_LABELS = (
    "app.kubernetes.io/name",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/version",
    "app.kubernetes.io/managed-by",
)
_OWNER_KEYS = ("owner", "team", "app.kubernetes.io/owner")


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for a workload, naming everything it lacks."""
    if not pods_of(manifest):
        return
    missing = [label for label in context.options["labels"] if not manifest.labels.get(label)]
    owners = context.options["ownerKeys"]
    if owners and not any(manifest.labels.get(key) or manifest.annotations.get(key) for key in owners):
        missing.append(f"an owner ({' or '.join(owners)})")
    if missing:
        message = f"{manifest.kind} {manifest.name} lacks {', '.join(missing)}"
        yield Violation(("metadata", "labels"), message, measure=members(missing))


RULE = ObjectRule(
    id="missing-standard-labels",
    topic="hygiene",
    severity="I/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    options={
        "labels": Option(_LABELS, "labels that must be there"),
        "ownerKeys": Option(_OWNER_KEYS, "labels or annotations, one of which must be there"),
    },
)
