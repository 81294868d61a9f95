"""Object creates others that are not checked.

Why: A chart, a patch that is applied in the cluster, or a template becomes objects that no rule has seen.
    What is wrong in them passes.

Fix: Render it here: a chart as `helmCharts` of a kustomization (with `--enable-helm`), a patch in the overlay
    that it changes, a template as its result. If that is not possible, waive the finding and say what checks
    the result.

Wrong:
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    spec:
      chart: {spec: {chart: podinfo}}

Right:
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    helmCharts: [{name: podinfo, version: 6.9.0, releaseName: podinfo, repo: ...}]

Notes: Reported are charts (HelmRelease of Flux, HelmChart and HelmChartConfig of k3s, Release of Crossplane,
    HelmChartProxy of Cluster API), what a Flux Kustomization changes after it has built a folder (patches,
    images, components, substitutions), `object-templates-raw` of a ConfigurationPolicy, GeneratingPolicies of
    Kyverno, encoded resources of a Fleet Bundle, ConfigMaps and Secrets of a ClusterResourceSet that are not
    in the overlay, and texts with manifests that do not parse. All other objects inside objects are checked
    (docs/carriers.md).

Source: Flux API, https://fluxcd.io/flux/components/; K3s Helm controller, https://docs.k3s.io/helm; Cluster
    API ClusterResourceSet, https://cluster-api.sigs.k8s.io/tasks/cluster-resource-set
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.model.json_value import FieldPath, mapping, mappings, text
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse

_Found = Iterator[tuple[FieldPath, str]]
#: What a Flux Kustomization changes after it has built a folder.
_FLUX_CHANGES = ("patches", "patchesStrategicMerge", "patchesJson6902", "images", "components", "postBuild")


def check(objects: ObjectSet, _: Context) -> Iterator[Violation]:
    """One violation for each field of an object that becomes objects which are not checked."""
    everything = [*objects.objects, *objects.opened]
    for manifest in everything:
        unchecked = _UNCHECKED.get((manifest.group, manifest.kind))
        for path, what in unchecked(manifest) if unchecked else ():
            yield Violation(path, f"{manifest.kind} {manifest.name}: {what} not checked", manifest)
        if manifest.is_a("addons.cluster.x-k8s.io", "ClusterResourceSet"):
            yield from _missing_resources(manifest, everything)
    for manifest, path in objects.unread:
        yield Violation(
            path,
            f"{manifest.kind} {manifest.name}: a text with manifests does not parse and is not checked",
            manifest,
        )


def _missing_resources(manifest: Manifest, everything: list[Manifest]) -> Iterator[Violation]:
    for index, resource in mappings(manifest.spec.get("resources")):
        kind, name = text(resource.get("kind")), text(resource.get("name"))
        if not any(
            m.is_a("", kind) and (m.name, m.namespace) == (name, manifest.namespace) for m in everything
        ):
            message = f"{manifest.kind} {manifest.name}: {kind} {name} is not in the overlay and not checked"
            yield Violation(("spec", "resources", index), message, manifest)


def _chart(manifest: Manifest) -> _Found:
    """The field that names a chart, or the whole object."""
    fields = ("chart", "chartRef", "chartContent", "chartName", "forProvider", "valuesContent")
    yield (
        next((("spec", field) for field in fields if field in manifest.spec), ("spec",)),
        "what its chart renders is",
    )


def _flux_kustomization(manifest: Manifest) -> _Found:
    for field in _FLUX_CHANGES:
        if manifest.spec.get(field):
            yield ("spec", field), f"what `{field}` makes of the folder is"


def _raw_templates(manifest: Manifest) -> _Found:
    if manifest.spec.get("object-templates-raw"):
        yield ("spec", "object-templates-raw"), "the objects of its templates are"


def _generating_policy(manifest: Manifest) -> _Found:
    yield ("spec", "generate"), "what it generates is"


def _encoded(manifest: Manifest) -> _Found:
    for index, resource in mappings(manifest.spec.get("resources")):
        if text(mapping(resource).get("encoding")):
            yield ("spec", "resources", index, "content"), "an encoded resource is"


_UNCHECKED: dict[tuple[str, str], Callable[[Manifest], _Found]] = {
    ("helm.toolkit.fluxcd.io", "HelmRelease"): _chart,
    ("helm.cattle.io", "HelmChart"): _chart,
    ("helm.cattle.io", "HelmChartConfig"): _chart,
    ("helm.crossplane.io", "Release"): _chart,
    ("helm.m.crossplane.io", "Release"): _chart,
    ("addons.cluster.x-k8s.io", "HelmChartProxy"): _chart,
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): _flux_kustomization,
    ("policy.open-cluster-management.io", "ConfigurationPolicy"): _raw_templates,
    ("policies.kyverno.io", "GeneratingPolicy"): _generating_policy,
    ("policies.kyverno.io", "NamespacedGeneratingPolicy"): _generating_policy,
    ("fleet.cattle.io", "Bundle"): _encoded,
}

RULE = SetRule(
    id="contents-not-checked",
    topic="gitops",
    severity="I/I/W",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
)
