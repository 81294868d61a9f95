"""Argo CD sets the replicas of a workload that an autoscaler owns.

Why: With `replicas` in git, an autoscaler in the cluster and no ignored difference, the application is out
    of sync whenever it scales, and every sync discards the autoscaler's count.

Fix: Remove `replicas` from the manifest; or add `/spec/replicas` to `ignoreDifferences` together with the
    sync option `RespectIgnoreDifferences=true`.

Wrong:
    spec:
      ignoreDifferences: []

Right:
    spec:
      ignoreDifferences:
        - {group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}
      syncPolicy:
        syncOptions: [RespectIgnoreDifferences=true]

Notes: A workload without `replicas` passes. The finding is reported at the Application that deploys the
    overlay; `replicas-with-autoscaler` reports the workload itself.

Source: Argo CD documentation, "Best Practices: Leaving Room For Imperativeness",
https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/#leaving-room-for-imperativeness;
"Sync Options: Respect ignore differences configs",
https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator

from kustodian.argocd.applications import Application, applications, label_of, overlays_of
from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.model.json_value import JsonObject, mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Exactly
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, RepositoryRule, Worse

_JQ_REPLICAS = re.compile(r"\.spec\.replicas\b")


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each Application and kind of autoscaled workload with replicas in git."""
    for application in applications(view):
        reported: set[tuple[str, str]] = set()
        for rendered in overlays_of(view, application):
            for workload, scaler in _autoscaled(ObjectSet(rendered.objects)):
                problem = _problem(application, workload)
                key = (workload.kind, problem or "")
                if problem is None or key in reported:
                    continue
                reported.add(key)
                message = (
                    f"{label_of(application)} resets the replicas of {workload.ref}, "
                    f"which {scaler.kind} {scaler.name} owns: {problem}"
                )
                path = application.at("ignoreDifferences")
                if problem.startswith("Respect"):
                    path = application.at("syncPolicy", "syncOptions")
                measure = Exactly(f"{workload.kind}: {problem}")
                yield application.placed.violation(path, message, rendered.overlay.path, measure=measure)


def _autoscaled(objects: ObjectSet) -> Iterator[tuple[Manifest, Manifest]]:
    """The workloads with `replicas` that an HPA or ScaledObject targets, each with its autoscaler."""
    for scaler in [
        *objects.of("autoscaling", "HorizontalPodAutoscaler"),
        *objects.of("keda.sh", "ScaledObject"),
    ]:
        target = mapping(scaler.spec.get("scaleTargetRef"))
        kind = text(target.get("kind"), "Deployment")
        group = text(target.get("apiVersion"), "apps/v1").rpartition("/")[0]
        workload = objects.find(group, kind, namespace_of(scaler), text(target.get("name")))
        if workload is not None and workload.spec.get("replicas") is not None:
            yield workload, scaler


def _problem(application: Application, workload: Manifest) -> str | None:
    """What the Application lacks; None if it leaves the replicas alone."""
    entries = mappings(application.spec.get("ignoreDifferences"))
    if not any(_ignores(entry, workload) for _, entry in entries):
        return "no ignoreDifferences entry covers /spec/replicas"
    if "RespectIgnoreDifferences=true" not in application.sync_options():
        return "RespectIgnoreDifferences=true is not set, so a sync still writes them"
    return None


def _ignores(entry: JsonObject, workload: Manifest) -> bool:
    for key, value in (("group", workload.group), ("kind", workload.kind)):
        if not fnmatch.fnmatchcase(value, text(entry.get(key)) or ("*" if key == "group" else "")):
            return False
    for key, value in (("name", workload.name), ("namespace", workload.namespace or "")):
        expected = text(entry.get(key))
        if expected and "{{" not in expected and value and expected != value:
            return False
    pointers = [p for p in sequence(entry.get("jsonPointers")) if p in ("/spec/replicas", "/spec")]
    expressions = [e for e in sequence(entry.get("jqPathExpressions")) if _JQ_REPLICAS.search(text(e))]
    return bool(pointers or expressions or sequence(entry.get("managedFieldsManagers")))


def _application_settings(view: RepositoryView) -> object:
    """The settings of all Applications, and the folders that they deploy."""
    return [
        (
            a.placed.file,
            a.placed.document,
            a.placed.overlay,
            label_of(a),
            a.spec,
            [s.folder for s in a.sources],
        )
        for a in applications(view)
    ]


RULE = RepositoryRule(
    id="autoscaled-replicas-not-ignored",
    topic="gitops",
    severity="W/W/W",
    check=check,
    shared=_application_settings,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("argocd", "drift", "autoscaling"),
)
