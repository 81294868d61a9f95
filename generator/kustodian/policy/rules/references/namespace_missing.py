"""Overlay deploys into a namespace that nothing in the repository declares.

Why: The sync fails with "namespace not found", or the objects land in a namespace without quota, network
policies and Pod Security labels.

Fix: Add the Namespace to this overlay or another one in the repository, correct the name, or let Argo CD
create it (`CreateNamespace=true` with `managedNamespaceMetadata`).

Wrong:
    # kustomization.yaml of an overlay without a Namespace
    namespace: iris-prd

Right:
    namespace: iris-prod
    resources: [namespace.yaml]

Notes: The finding points at the overlay's `namespace:`, or at the first object if there is none. A Namespace
in any overlay or file of the repository counts, and so does an Argo CD Application that creates it;
`default`, `kube-*` and `openshift*` always exist. Only workloads are checked, because a role or a monitor in
the namespace of a platform component is common. Manifests that are not part of a kustomization are not
checked.

Source: Kubernetes documentation, "Namespaces",
https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/; Argo CD documentation, "Sync
Options", https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#create-namespace
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import namespace_of
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.json_value import mapping, sequence, text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Exactly
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, RepositoryRule, Worse

_SYSTEM = ("default", "kube-", "openshift")


def check(view: RepositoryView, context: Context) -> Iterator[SourceViolation]:
    """One violation for each overlay and namespace that nothing in the repository declares."""
    del context
    declared, created_anywhere = _declared(view)
    if created_anywhere:
        return
    for rendered in view.overlays:
        if rendered.error is not None or not rendered.overlay.is_kustomization:
            continue
        first: dict[str, Manifest] = {}
        for manifest in rendered.objects:
            if manifest.namespace and pods_of(manifest):
                first.setdefault(namespace_of(manifest), manifest)
        for namespace, manifest in first.items():
            if namespace not in declared and not namespace.startswith(_SYSTEM):
                yield _violation(view, rendered, namespace, manifest)


def _violation(
    view: RepositoryView, rendered: RenderedOverlay, namespace: str, manifest: Manifest
) -> SourceViolation:
    message = f"{manifest.kind} {manifest.name} runs in namespace {namespace}, which nothing here declares"
    measure = Exactly(namespace)
    kustomization = view.graph.by_folder.get(rendered.overlay.path)
    if kustomization is not None and kustomization.data.get("namespace") == namespace:
        return SourceViolation(
            kustomization.path, ("namespace",), message, overlay=rendered.overlay.path, measure=measure
        )
    file = manifest.provenance.file
    if file is not None:
        # The rendered name may have a prefix that the name in the file lacks.
        document = next(
            (
                d.index
                for d in view.documents
                if d.file == file and d.kind == manifest.kind and d.name in manifest.name
            ),
            0,
        )
        return SourceViolation(
            file,
            ("metadata", "namespace"),
            message,
            document,
            rendered.overlay.path,
            manifest,
            measure=measure,
        )
    where = kustomization.path if kustomization else rendered.overlay.path
    return SourceViolation(where, (), message, overlay=rendered.overlay.path, measure=measure)


def _declared(view: RepositoryView) -> tuple[set[str], bool]:
    """The declared namespaces, and whether Argo CD creates namespaces whose names are templates."""
    names = {document.name for document in view.documents if document.kind == "Namespace"}
    for rendered in view.overlays:
        names |= {m.name for m in rendered.objects if m.is_a("", "Namespace")}
    created_anywhere = False
    applications = [(m, m.spec) for m in view.manifests("argoproj.io", "Application")]
    applications += [
        (m, mapping(mapping(m.spec.get("template")).get("spec")))
        for m in view.manifests("argoproj.io", "ApplicationSet")
    ]
    for _, spec in applications:
        policy = mapping(spec.get("syncPolicy"))
        if "CreateNamespace=true" in sequence(policy.get("syncOptions")):
            name = text(mapping(spec.get("destination")).get("namespace"))
            names.add(name)
            created_anywhere = created_anywhere or "{{" in name
    return names, created_anywhere


RULE = RepositoryRule(
    id="namespace-missing",
    topic="references",
    severity="E/E/E",
    check=check,
    shared=_declared,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability",),
)
