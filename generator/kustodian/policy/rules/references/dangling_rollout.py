"""Rollout names a Service, route or analysis template that does not exist.

Why: The Rollout becomes InvalidSpec and ships nothing, or aborts at the step that needs the analysis.

Fix: Add the Service, HTTPRoute, VirtualService or AnalysisTemplate to the overlay, or correct its name.

Wrong:
    canary:
      stableService: iris-stable  # does not exist

Right:
    canary:
      stableService: iris
      canaryService: iris-canary

Notes: ClusterAnalysisTemplates (`clusterScope: true`) are not checked, because the platform may provide them.

Source: Argo Rollouts v1.8, "Canary", https://argo-rollouts.readthedocs.io/en/stable/features/canary/;
"Analysis", https://argo-rollouts.readthedocs.io/en/stable/features/analysis/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_references import is_final
from kustodian.kubernetes.traffic import GATEWAY_API, ISTIO
from kustodian.model.json_value import FieldPath, JsonObject, mapping, mappings, text
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse
from kustodian.policy.rules.references._services import service_exists

_SERVICES = (
    ("canary", "canaryService"),
    ("canary", "stableService"),
    ("blueGreen", "activeService"),
    ("blueGreen", "previewService"),
)
_ANALYSES = (
    ("canary", "analysis"),
    ("blueGreen", "prePromotionAnalysis"),
    ("blueGreen", "postPromotionAnalysis"),
)
_GATEWAY_PLUGIN = "argoproj-labs/gatewayAPI"


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each name in a Rollout's strategy that refers to nothing."""
    del context
    for rollout in objects.of("argoproj.io", "Rollout"):
        namespace = namespace_of(rollout)
        strategy = mapping(rollout.spec.get("strategy"))
        for kind, field in _SERVICES:
            name = text(mapping(strategy.get(kind)).get(field))
            if is_final(name) and not service_exists(name, namespace, objects):
                message = f"Service {name} does not exist in namespace {namespace}"
                yield Violation(("spec", "strategy", kind, field), message, rollout)
        for path, name in _analysis_templates(strategy):
            if is_final(name) and objects.find("argoproj.io", "AnalysisTemplate", namespace, name) is None:
                message = f"AnalysisTemplate {name} does not exist in namespace {namespace}"
                yield Violation(path, message, rollout)
        routing = mapping(mapping(strategy.get("canary")).get("trafficRouting"))
        for path, group, kind, name in _routes(routing, namespace):
            if not is_final(name) or objects.find(group, kind, namespace, name) is not None:
                continue
            message = f"{kind} {name} does not exist in namespace {namespace}"
            yield Violation(("spec", "strategy", "canary", "trafficRouting", *path), message, rollout)


def _analysis_templates(strategy: JsonObject) -> Iterator[tuple[FieldPath, str]]:
    """The AnalysisTemplates that a strategy names."""
    places: list[tuple[FieldPath, JsonObject]] = [
        ((kind, field), mapping(mapping(strategy.get(kind)).get(field))) for kind, field in _ANALYSES
    ]
    for index, step in mappings(mapping(strategy.get("canary")).get("steps")):
        places.append((("canary", "steps", index, "analysis"), mapping(step.get("analysis"))))
    for path, analysis in places:
        for index, entry in mappings(analysis.get("templates")):
            if entry.get("clusterScope") is not True:
                where = ("spec", "strategy", *path, "templates", index, "templateName")
                yield where, text(entry.get("templateName"))


def _routes(routing: JsonObject, namespace: str) -> Iterator[tuple[FieldPath, str, str, str]]:
    """The routes in the Rollout's own namespace whose weights it changes: path, group, kind, name."""
    virtual = mapping(mapping(routing.get("istio")).get("virtualService"))
    if "/" not in text(virtual.get("name")) and "." not in text(virtual.get("name")):
        yield ("istio", "virtualService", "name"), ISTIO, "VirtualService", text(virtual.get("name"))
    ingress = mapping(routing.get("nginx")).get("stableIngress")
    yield ("nginx", "stableIngress"), "networking.k8s.io", "Ingress", text(ingress)
    plugin = mapping(mapping(routing.get("plugins")).get(_GATEWAY_PLUGIN))
    if text(plugin.get("namespace"), namespace) == namespace:
        path: FieldPath = ("plugins", _GATEWAY_PLUGIN)
        yield (*path, "httpRoute"), GATEWAY_API, "HTTPRoute", text(plugin.get("httpRoute"))
        for index, route in mappings(plugin.get("httpRoutes")):
            yield (*path, "httpRoutes", index, "name"), GATEWAY_API, "HTTPRoute", text(route.get("name"))


RULE = SetRule(
    id="dangling-rollout",
    topic="references",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=("reliability",),
)
