"""The graph of an overlay: each relation, and what lies outside."""

from __future__ import annotations

import textwrap

import yaml

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.model.manifest import Manifest
from kustodian.model.results.object_graph import ObjectGraph
from kustodian.review.picture.graph import graph_of


def graph(text: str) -> ObjectGraph:
    documents = [d for d in yaml.safe_load_all(textwrap.dedent(text)) if d]
    return graph_of(ObjectSet([Manifest(document) for document in documents]))


def edges(text: str) -> set[tuple[str, str, str, str]]:
    return {(e.source, str(e.relation), e.target, e.label) for e in graph(text).edges}


WORKLOAD = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: iris, namespace: ml}
    spec:
      replicas: 2
      template:
        metadata: {labels: {app: iris}}
        spec:
          serviceAccountName: runner
          imagePullSecrets: [{name: pull}]
          containers:
            - name: server
              envFrom: [{configMapRef: {name: settings}}]
              env: [{name: KEY, valueFrom: {secretKeyRef: {name: keys, key: k}}}]
          volumes:
            - {name: a, persistentVolumeClaim: {claimName: models}}
            - {name: b, projected: {sources: [{secret: {name: tls}}, {configMap: {name: ca}}]}}
    ---
"""


def test_what_a_pod_uses() -> None:
    assert {(kind, how) for source, _, kind, how in edges(WORKLOAD) if source == "Deployment ml/iris"} == {
        ("ServiceAccount ml/runner", "runs as"), ("Secret ml/pull", "pull"), ("ConfigMap ml/settings", "env"),
        ("Secret ml/keys", "env"), ("PersistentVolumeClaim ml/models", "volume"),
        ("Secret ml/tls", "volume"), ("ConfigMap ml/ca", "volume"),
    }  # fmt: skip
    nodes = {node.key: node for node in graph(WORKLOAD).nodes}
    assert nodes["Deployment ml/iris"].in_overlay and nodes["Deployment ml/iris"].notes == ("2 replicas",)
    assert not nodes["Secret ml/keys"].in_overlay


def test_traffic_from_the_gateway_to_the_pods() -> None:
    found = edges(
        WORKLOAD
        + """
    apiVersion: v1
    kind: Service
    metadata: {name: iris, namespace: ml}
    spec: {selector: {app: iris}, ports: [{port: 80}]}
    ---
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: iris, namespace: ml}
    spec:
      parentRefs: [{name: shared, namespace: edge}]
      rules: [{backendRefs: [{name: iris, port: 80}]}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: old, namespace: ml}
    spec: {defaultBackend: {service: {name: gone, port: {number: 8080}}}}
    """
    )
    assert ("Gateway edge/shared", "routes", "HTTPRoute ml/iris", "") in found
    assert ("HTTPRoute ml/iris", "routes", "Service ml/iris", ":80") in found
    assert ("Service ml/iris", "selects", "Deployment ml/iris", ":80") in found
    assert ("Ingress ml/old", "routes", "Service ml/gone", ":8080") in found


def test_what_scales_guards_and_watches() -> None:
    found = edges(
        WORKLOAD
        + """
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: iris, namespace: ml}
    spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: iris}, maxReplicas: 4}
    ---
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: iris, namespace: ml}
    spec: {selector: {matchLabels: {app: iris}}}
    ---
    apiVersion: monitoring.coreos.com/v1
    kind: PodMonitor
    metadata: {name: iris, namespace: ml}
    spec: {selector: {matchLabels: {app: iris}}}
    """
    )
    for kind, relation in (
        ("HorizontalPodAutoscaler", "scales"),
        ("PodDisruptionBudget", "guards"),
        ("PodMonitor", "watches"),
    ):
        assert (f"{kind} ml/iris", relation, "Deployment ml/iris", "") in found


def test_network_policies_are_edges_and_deny_is_a_note() -> None:
    text = (
        WORKLOAD
        + """
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: deny, namespace: ml}
    spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: allow, namespace: ml}
    spec:
      podSelector: {matchLabels: {app: iris}}
      ingress:
        - ports: [{port: 8080}]
          from:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}
            - ipBlock: {cidr: 10.0.0.0/8}
      egress: [{}]
    """
    )
    found = {edge for edge in edges(text) if edge[1] == "allows"}
    assert found == {
        ("Namespace edge", "allows", "Deployment ml/iris", "allow :8080"),
        ("Network 10.0.0.0/8", "allows", "Deployment ml/iris", "allow :8080"),
        ("Deployment ml/iris", "allows", "Network anywhere", "allow"),
    }
    nodes = {node.key: node for node in graph(text).nodes}
    assert "isolated: in, out" in nodes["Deployment ml/iris"].notes
    assert graph(text).alone == (), "a policy is an edge, not an object that stands alone"


def test_a_binding_is_an_edge_and_the_rest_stands_alone() -> None:
    text = """
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: view, namespace: ml}
    roleRef: {kind: ClusterRole, name: view}
    subjects: [{kind: ServiceAccount, name: runner, namespace: ml}]
    ---
    {apiVersion: v1, kind: Namespace, metadata: {name: ml}}
    """
    assert edges(text) == {("ServiceAccount ml/runner", "grants", "ClusterRole view", "view")}
    assert graph(text).alone == ("Namespace ml",)


def test_wrong_types_everywhere_are_no_crash() -> None:
    assert graph(
        """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: 3}
    spec: {replicas: x, template: {metadata: [], spec: {volumes: {}, containers: [{env: 1}, 2]}}}
    ---
    {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {ingress: [{from: [1]}]}}
    ---
    {apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b}, roleRef: 1}
    ---
    {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h}, spec: []}
    """
    ).nodes
