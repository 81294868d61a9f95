"""A report with one of everything that a format has to show."""

from __future__ import annotations

from kustodian.model.edit import Replacement
from kustodian.model.environment import Severity
from kustodian.model.finding import AppliedWaiver, Finding, Location
from kustodian.model.manifest import ObjectRef
from kustodian.model.overlay import NotChecked
from kustodian.model.results.check_report import CheckReport, OverlayOutcome
from kustodian.model.results.object_graph import GraphEdge, GraphNode, Layer, ObjectGraph, Relation
from kustodian.model.results.rule_help import RuleHelp
from kustodian.report.formats import Style

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: iris  # <script>alert("x")</script>
spec:
  template:
    spec:
      containers:
        - name: server
          image: registry.example.com/iris:latest
"""

STYLE = Style(Severity.ERROR)


def finding(
    rule: str = "unpinned-image",
    severity: Severity = Severity.ERROR,
    environment: str | None = "prod",
    source: Location | None = None,
    message: str = "container `server` uses the moving tag `latest`",
    fingerprint: str = "0123456789abcdef",
    waiver: AppliedWaiver | None = None,
) -> Finding:
    """A finding about the Deployment of an environment."""
    return Finding(
        rule=rule,
        severity=severity,
        message=message,
        fix="Set an exact version: `newTag: 1.4.2`.",
        why="The tag can point to another image tomorrow.",
        environment=environment,
        overlay=f"overlays/{environment}" if environment else ".",
        object=ObjectRef("apps/v1", "Deployment", f"iris-{environment}", "iris") if environment else None,
        field="spec.template.spec.containers[0].image" if environment else "",
        source=source or Location("base/deployment.yaml", 10, 11, 10, 51),
        tags=("images",),
        fingerprint=fingerprint,
        waiver=waiver,
    )


def fixable() -> Finding:
    """One with a change in two places of one file."""
    found = finding()
    found.fixable = True
    found.replacements = (
        Replacement("base/deployment.yaml", 4, 9, 4, 13, "lily"),
        Replacement("base/deployment.yaml", 10, 51, 10, 51, "\n          imagePullPolicy: Always"),
    )
    return found


def sample() -> CheckReport:
    """Two environments, a base line seen in both, a waiver, a Rego finding, hostile text, a broken overlay."""
    waiver = AppliedWaiver("the vendor's image", "ml-platform", "2027-01-31")
    return CheckReport(
        overlays=[
            OverlayOutcome("base", None, through="overlays/dev"),
            OverlayOutcome("overlays/broken", "dev", error=NotChecked(
                "build", "no such file: patch.yaml", "overlays/broken/kustomization.yaml", 4, 3)),
            OverlayOutcome("overlays/dev", "dev", 9),
            OverlayOutcome("overlays/prod", "prod", 12),
            OverlayOutcome("overlays/staging", "staging", 12),
        ],
        findings=[
            fixable(),
            finding(
                "rego/main/deny", environment="prod", fingerprint="1111111111111111",
                source=Location("overlays/prod/my values, 100%.yaml", 2, 1),
                message='<img src=x onerror=alert(1)> @everyone | said "no" & [a](b)\nsecond line',
            ),
            finding(severity=Severity.WARNING, environment="dev", fingerprint="2222222222222222"),
            finding("unused-file", Severity.INFO, None, Location("base/old.yaml"), "nothing names this file",
                    "3333333333333333"),
            finding("single-replica", Severity.INFO, "dev", Location("base/deployment.yaml", 5, 1, 10, 51),
                    "one replica", "4444444444444444", waiver),
        ],
        not_checked=[NotChecked("rule-failed", "rule orphan-overlay failed on .: KeyError: 'x'")],
        rules=153,
        seconds=None,
        sources={"base/deployment.yaml": DEPLOYMENT.splitlines()},
        rule_help={
            "unpinned-image": RuleHelp(
                "unpinned-image", "Container runs an image without a tag, or with a tag that moves.",
                "The tag can point to another image tomorrow.", "Set an exact version.",
                "# unpinned-image\n\nContainer runs an image without a tag.\n", Severity.ERROR, ("images",),
                "https://kubernetes.io/docs/concepts/containers/images/#image-names",
            )
        },
        graphs={"overlays/prod": graph()},
    )  # fmt: skip


def graph() -> ObjectGraph:
    """Traffic from a gateway to a workload that mounts a secret, and a policy that lets it talk to itself."""
    gateway, route = "Gateway edge/shared", "HTTPRoute iris-prod/iris"
    service, workload = "Service iris-prod/iris", "Deployment iris-prod/iris"
    secret, other = "Secret iris-prod/api-keys", "StatefulSet iris-prod/cache"
    return ObjectGraph(
        nodes=(
            GraphNode(gateway, "Gateway", "shared", Layer.OUTSIDE, in_overlay=False),
            GraphNode(route, "HTTPRoute", "iris", Layer.ROUTE),
            GraphNode(service, "Service", "iris", Layer.SERVICE),
            GraphNode(workload, "Deployment", "iris", Layer.WORKLOAD, ("3 replicas", "isolated: in")),
            GraphNode(other, "StatefulSet", "cache-<&>-with-a-very-long-name", Layer.WORKLOAD),
            GraphNode(secret, "Secret", "api-keys", Layer.DEPENDENCY),
        ),
        edges=(
            GraphEdge(gateway, route, Relation.ROUTES),
            GraphEdge(gateway, workload, Relation.ALLOWS, "allow-gateway :8080"),
            GraphEdge(route, service, Relation.ROUTES, ":80"),
            GraphEdge(service, workload, Relation.SELECTS, ":80"),
            GraphEdge(workload, other, Relation.ALLOWS, "allow-cache"),
            GraphEdge(workload, secret, Relation.USES, "volume"),
        ),
        alone=("ConfigMap iris-prod/dashboard",),
    )
