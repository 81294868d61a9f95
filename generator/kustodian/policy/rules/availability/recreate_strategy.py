"""Deployment stops all its pods before it starts new ones.

Why: Every update is an outage, which for a model server lasts as long as its model takes to load. A broken
    image leaves nothing running.

Fix: Set `strategy.type: RollingUpdate`; if there is no spare GPU, with `maxSurge: 0` and
    `maxUnavailable: 1`.

Wrong:
    strategy: {type: Recreate}

Right:
    strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}

Notes: A Deployment that mounts a PersistentVolumeClaim for writing is not reported: old and new pods may
    not be able to share a ReadWriteOnce volume, and then Recreate is right.

Source: Kubernetes documentation v1.34, "Deployments",
    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#recreate-deployment
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.json_value import mapping
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for a Deployment with strategy Recreate that no volume requires."""
    if mapping(manifest.spec.get("strategy")).get("type") != "Recreate":
        return
    claims = [
        mapping(volume.get("persistentVolumeClaim")) for pod in pods_of(manifest) for _, volume in pod.volumes
    ]
    if not any(claim and claim.get("readOnly") is not True for claim in claims):
        message = "strategy Recreate stops every pod before the first new one starts"
        yield Violation(("spec", "strategy", "type"), message)


RULE = ObjectRule(
    id="recreate-strategy",
    topic="availability",
    severity="-/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
    kinds=(("apps", "Deployment"),),
)
