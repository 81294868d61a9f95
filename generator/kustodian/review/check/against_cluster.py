"""`check --against-cluster`: dry runs of the rendered objects, with the cluster's answers as findings.

The cluster validates each object with its schemas, defaults, quotas, admission policies, webhooks and
immutable fields. Objects that it cannot validate are reported as not checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from kustodian.model.environment import Severity
from kustodian.model.field_path import parse_api_server_path
from kustodian.model.finding import Finding
from kustodian.model.json_value import FieldPath, JsonObject
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import NotChecked, RenderedOverlay
from kustodian.render.cluster import Answer, Cluster
from kustodian.review.check.findings import cluster_finding
from kustodian.review.locate.locator import Locator

REFUSED = "cluster/refused"
UNKNOWN_KIND = "cluster/unknown-kind"
WARNING = "cluster/warning"

_NO_RIGHT = re.compile(r'User ".*" cannot \w+ resource')
#: `.spec.template.spec.containers[name="server"].foo: field not declared in schema`
_UNDECLARED = re.compile(r"(\.[^:]+): field not declared in schema")
_UNKNOWN = re.compile(r'unknown field "([^"]+)"')
_DUPLICATE = re.compile(r'duplicate field "([^"]+)"')
#: `spec.replicas: Invalid value: ...`, the format of many webhooks as well.
_NAMED = re.compile(r"((?:spec|metadata|data|rules|subjects|roleRef)[A-Za-z0-9_.\[\]\"=/-]*): ")


@dataclass(slots=True)
class ClusterVerdict:
    """The results of all dry runs."""

    findings: list[Finding] = field(default_factory=list)
    not_checked: list[NotChecked] = field(default_factory=list)


def ask_cluster(context: str, overlays: list[RenderedOverlay], locator: Locator) -> ClusterVerdict:
    """Dry-run every object of the overlays. Raises UserError if the cluster cannot be reached."""
    verdict = ClusterVerdict()
    with Cluster(context) as cluster:
        for rendered in overlays:
            _ask(cluster, rendered, locator, verdict)
    return verdict


def _ask(cluster: Cluster, rendered: RenderedOverlay, locator: Locator, verdict: ClusterVerdict) -> None:
    existing: dict[str, bool] = {}
    untried: dict[str, int] = {}
    for manifest in rendered.objects:
        data = manifest.data
        if not cluster.serves(data):
            message = f"the cluster does not serve {data['apiVersion']} {data['kind']}"
            verdict.findings += _findings(UNKNOWN_KIND, message, rendered, manifest, ("kind",), locator)
            continue
        namespace = manifest.namespace or "default"
        if cluster.is_namespaced(data):
            if namespace not in existing:
                existing[namespace] = cluster.has_namespace(namespace)
            if not existing[namespace]:
                untried[namespace] = untried.get(namespace, 0) + 1
                continue
        answer = cluster.dry_run(data, namespace)
        if answer.status == 403 and _NO_RIGHT.search(answer.message):
            verdict.not_checked.append(
                NotChecked("cluster-no-right", f"{manifest.ref} in {rendered.overlay.path}: {answer.message}")
            )
            continue
        if not answer.accepted and answer.status >= 500 and not _UNDECLARED.search(answer.message):
            verdict.not_checked.append(
                NotChecked("cluster-failed", f"{manifest.ref} in {rendered.overlay.path}: {answer.message}")
            )
            continue
        for message, path in _problems(answer, data):
            verdict.findings += _findings(REFUSED, message, rendered, manifest, path, locator)
        for warning in answer.warnings:
            path = _path_in(warning, data)
            verdict.findings += _findings(WARNING, warning, rendered, manifest, path, locator)
    verdict.not_checked += [
        NotChecked(
            "cluster-no-namespace",
            f"namespace {name} does not exist in the cluster: {count} objects of {rendered.overlay.path} "
            "could not be checked (create the namespace first)",
        )
        for name, count in untried.items()
    ]


def _findings(
    rule: str, message: str, rendered: RenderedOverlay, manifest: Manifest, path: FieldPath, locator: Locator
) -> Iterator[Finding]:
    default = Severity.WARNING if rule == WARNING else Severity.ERROR
    severity = rendered.overlay.environment.severities.get(rule, default)
    if severity is not None:
        yield cluster_finding(rule, severity, message, rendered, manifest, path, locator)


def _problems(answer: Answer, data: JsonObject) -> Iterator[tuple[str, FieldPath]]:
    """The message for each field that the API server rejects, or its whole message without a field."""
    if answer.accepted:
        return
    details = answer.body.get("details") or {}
    causes = [cause for cause in details.get("causes") or [] if cause.get("field")]
    for cause in causes:
        # Admission policies put the name of a rule here.
        path = parse_api_server_path(str(cause["field"]), data)
        yield f"{cause['field']}: {cause.get('message', '')}", path
    if not causes:
        yield answer.message, _path_in(answer.message, data)


def _path_in(message: str, data: JsonObject) -> FieldPath:
    for pattern in (_UNDECLARED, _UNKNOWN, _DUPLICATE, _NAMED):
        match = pattern.search(message)
        if match:
            return parse_api_server_path(match.group(1), data)
    return ()
