"""The graph of an overlay: which object uses, selects, scales or allows which."""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_selection import pods_of_budget, pods_of_service, pods_selected
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.pods.workload import pods_of, replicas
from kustodian.kubernetes.selector import selector_matches
from kustodian.kubernetes.traffic import GATEWAY_API, ISTIO, ROUTE_KINDS, backends
from kustodian.model.json_value import mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest
from kustodian.model.results.object_graph import GraphEdge, GraphNode, Layer, ObjectGraph, Relation
from kustodian.review.picture.pods import UsedObject, used_objects
from kustodian.review.picture.policies import policy_edges

_MONITORS = "monitoring.coreos.com"
_SCALERS = (("autoscaling", "HorizontalPodAutoscaler"), ("keda.sh", "ScaledObject"))
#: Kinds whose controllers create a Secret, by default of the same name.
_SECRET_SOURCES = (("external-secrets.io", "ExternalSecret"), ("bitnami.com", "SealedSecret"))
#: Kinds with a column of their own; workloads are known by their pods.
_LAYERS: dict[str, Layer] = {
    "Gateway": Layer.OUTSIDE,
    **dict.fromkeys(("Ingress", "VirtualService", "ServiceMonitor", *ROUTE_KINDS), Layer.ROUTE),
    **dict.fromkeys(
        ("Service", "HorizontalPodAutoscaler", "ScaledObject", "PodDisruptionBudget", "PodMonitor"),
        Layer.SERVICE,
    ),
    **dict.fromkeys(("Role", "ClusterRole", "ExternalSecret", "SealedSecret"), Layer.SOURCE),
}


def graph_of(objects: ObjectSet) -> ObjectGraph:
    """The graph of an overlay's objects, with nodes and edges in a stable order."""
    builder = _Builder(objects)
    edges = sorted(set(builder.edges()), key=lambda e: (e.source, e.target, e.relation, e.label))
    used = {key for edge in edges for key in (edge.source, edge.target)}
    nodes = [builder.node(m) for key, m in builder.by_key.items() if key in used or pods_of(m)]
    present = {node.key for node in nodes}
    nodes += [node for node in builder.named.values() if node.key in used and node.key not in present]
    # A policy or binding that is drawn as an edge is not alone.
    drawn = {node.key for node in nodes} | builder.as_edges
    alone = sorted(key for key in builder.by_key if key not in drawn)
    return ObjectGraph(
        tuple(sorted(nodes, key=lambda node: (node.layer, node.kind, node.key))), tuple(edges), tuple(alone)
    )


class _Builder:
    """Walks the objects of one overlay."""

    def __init__(self, objects: ObjectSet) -> None:
        self.objects = objects
        self.by_key = {self.key(manifest): manifest for manifest in objects}
        #: Objects that are referenced but are not in the overlay.
        self.named: dict[str, GraphNode] = {}
        self.as_edges: set[str] = set()
        #: (workload key, direction) pairs in which only traffic that a policy allows passes.
        self.isolation: set[tuple[str, str]] = set()

    @staticmethod
    def key(manifest: Manifest) -> str:
        """The node key: `Deployment iris-prod/iris`."""
        return str(manifest.ref)

    def node(self, manifest: Manifest) -> GraphNode:
        """The node of an object of the overlay."""
        key = self.key(manifest)
        fallback = Layer.WORKLOAD if pods_of(manifest) else Layer.DEPENDENCY
        return GraphNode(
            key,
            manifest.kind,
            manifest.name,
            _LAYERS.get(manifest.kind, fallback),
            tuple(self._notes(manifest)),
        )

    def edges(self) -> Iterator[GraphEdge]:
        """The relations between objects, with duplicates."""
        for manifest in self.objects:
            yield from self._routes(manifest)
            yield from self._selects(manifest)
            yield from self._scales(manifest)
            yield from self._grants(manifest)
            yield from self._fills(manifest)
            for pod in pods_of(manifest):
                for used in used_objects(pod):
                    target = self._target(
                        used.group, used.kind, namespace_of(manifest), used.name, Layer.DEPENDENCY
                    )
                    yield self._uses(manifest, target, used)
        for edge, policy in policy_edges(self.objects, self._outside, self.isolation):
            self.as_edges.add(policy)
            if edge is not None:
                yield edge

    def _uses(self, manifest: Manifest, target: str, used: UsedObject) -> GraphEdge:
        return GraphEdge(self.key(manifest), target, Relation.USES, used.how)

    def _routes(self, manifest: Manifest) -> Iterator[GraphEdge]:
        for backend in backends(manifest):
            target = self._target(backend.group, backend.kind, backend.namespace, backend.name, Layer.SERVICE)
            yield GraphEdge(self.key(manifest), target, Relation.ROUTES, _port(backend.port))
        own = namespace_of(manifest)
        if manifest.is_a(GATEWAY_API, *ROUTE_KINDS):
            for _, parent in mappings(manifest.spec.get("parentRefs")):
                kind, group = text(parent.get("kind"), "Gateway"), text(parent.get("group"), GATEWAY_API)
                namespace = text(parent.get("namespace")) or own
                layer = Layer.SERVICE if kind == "Service" else Layer.OUTSIDE
                gateway = self._target(group, kind, namespace, text(parent.get("name")), layer)
                yield GraphEdge(gateway, self.key(manifest), Relation.ROUTES)
        elif manifest.is_a(ISTIO, "VirtualService"):
            for name in sequence(manifest.spec.get("gateways")):
                if isinstance(name, str) and name != "mesh":
                    namespace, _, short = name.rpartition("/")
                    gateway = self._target(ISTIO, "Gateway", namespace or own, short, Layer.OUTSIDE)
                    yield GraphEdge(gateway, self.key(manifest), Relation.ROUTES)

    def _selects(self, manifest: Manifest) -> Iterator[GraphEdge]:
        spec, own = manifest.spec, namespace_of(manifest)
        if manifest.is_a("", "Service"):
            pods = pods_of_service(manifest, self.objects)
            ports = ", ".join(_port(port.get("port")) for _, port in mappings(spec.get("ports")))
            yield from self._to_pods(manifest, pods, Relation.SELECTS, ports)
        elif manifest.is_a("policy", "PodDisruptionBudget"):
            yield from self._to_pods(manifest, pods_of_budget(manifest, self.objects), Relation.GUARDS)
        elif manifest.is_a(_MONITORS, "PodMonitor"):
            pods = pods_selected(spec.get("selector"), own, self.objects)
            yield from self._to_pods(manifest, pods, Relation.WATCHES)
        elif manifest.is_a(_MONITORS, "ServiceMonitor"):
            for service in self.objects.of("", "Service"):
                if namespace_of(service) == own and selector_matches(spec.get("selector"), service.labels):
                    yield GraphEdge(self.key(manifest), self.key(service), Relation.WATCHES)

    def _to_pods(
        self, manifest: Manifest, pods: list[PodTemplate], relation: Relation, label: str = ""
    ) -> Iterator[GraphEdge]:
        for pod in pods:
            yield GraphEdge(self.key(manifest), self.key(pod.owner), relation, label)

    def _scales(self, manifest: Manifest) -> Iterator[GraphEdge]:
        if (manifest.group, manifest.kind) not in _SCALERS:
            return
        target = mapping(manifest.spec.get("scaleTargetRef"))
        api_version = text(target.get("apiVersion"), "apps/v1")
        kind = text(target.get("kind"), "Deployment")
        group = api_version.rpartition("/")[0]
        name = text(target.get("name"))
        if name:
            key = self._target(group, kind, namespace_of(manifest), name, Layer.WORKLOAD)
            yield GraphEdge(self.key(manifest), key, Relation.SCALES)

    def _grants(self, manifest: Manifest) -> Iterator[GraphEdge]:
        """A binding is an edge from the account to the role."""
        if not manifest.is_a("rbac.authorization.k8s.io", "RoleBinding", "ClusterRoleBinding"):
            return
        role = mapping(manifest.get("roleRef"))
        own = namespace_of(manifest)
        kind, name = text(role.get("kind")), text(role.get("name"))
        if not kind or not name:
            return
        to = self._target("rbac.authorization.k8s.io", kind, own, name, Layer.SOURCE)
        for _, subject in mappings(manifest.get("subjects")):
            group = "" if subject.get("kind") == "ServiceAccount" else "rbac.authorization.k8s.io"
            namespace = text(subject.get("namespace")) or own
            who = self._target(
                group, text(subject.get("kind")), namespace, text(subject.get("name")), Layer.DEPENDENCY
            )
            self.as_edges.add(self.key(manifest))
            yield GraphEdge(who, to, Relation.GRANTS, manifest.name)

    def _fills(self, manifest: Manifest) -> Iterator[GraphEdge]:
        if (manifest.group, manifest.kind) not in _SECRET_SOURCES:
            return
        name = text(mapping(manifest.spec.get("target")).get("name")) or manifest.name
        secret = self._target("", "Secret", namespace_of(manifest), name, Layer.DEPENDENCY)
        yield GraphEdge(secret, self.key(manifest), Relation.FILLS)

    def _target(self, group: str, kind: str, namespace: str, name: str, layer: Layer) -> str:
        """The key of a referenced object, with a new node if it is not in the overlay."""
        manifest = self.objects.find(group, kind, namespace, name)
        if manifest is not None:
            return self.key(manifest)
        cluster_scoped = kind in ("ClusterRole", "User", "Group") or not namespace
        return self._outside(kind, name, layer, None if cluster_scoped else namespace)

    def _outside(
        self, kind: str, name: str, layer: Layer, namespace: str | None = None, note: str = ""
    ) -> str:
        key = f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
        key += f" / {note}" if note else ""
        # What is in two columns, such as a namespace that is allowed in and out, is two nodes.
        if key in self.named and self.named[key].layer != layer:
            key = f"{key} ({layer.name.lower()})"
        self.named[key] = GraphNode(key, kind, name, layer, (note,) if note else (), in_overlay=False)
        return key

    def _notes(self, manifest: Manifest) -> Iterator[str]:
        key = self.key(manifest)
        number = replicas(manifest)
        if pods_of(manifest) and number is not None:
            yield f"{number} replica" + ("" if number == 1 else "s")
        if manifest.is_a("autoscaling", "HorizontalPodAutoscaler"):
            yield f"{manifest.spec.get('minReplicas') or 1} to {manifest.spec.get('maxReplicas')} replicas"
        if manifest.is_a("", "PersistentVolumeClaim"):
            size = text(mapping(mapping(manifest.spec.get("resources")).get("requests")).get("storage"))
            if size:
                yield size
        directions = sorted(direction for owner, direction in self.isolation if owner == key)
        if directions:
            yield f"isolated: {', '.join(directions)}"


def _port(port: object) -> str:
    return f":{port}" if isinstance(port, (int, str)) and not isinstance(port, bool) else ""
