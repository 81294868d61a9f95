"""A privileged pod, and objects that carry one."""

from __future__ import annotations

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: evil
  namespace: x
spec:
  containers:
    - name: main
      image: registry.example.com/a@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      securityContext:
        privileged: true
"""
#: Carriers; POD stands for the pod, indented as the word is.
CARRIERS = {
    "custom-list": """
apiVersion: example.com/v1
kind: Widgets
metadata: {name: w}
items:
  - POD
""",
    "nested-list": """
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: List
    items:
      - POD
""",
    "manifest-work": """
apiVersion: work.open-cluster-management.io/v1
kind: ManifestWork
metadata: {name: w, namespace: cluster1}
spec:
  workload:
    manifests:
      - apiVersion: v1
        kind: ConfigMap
        metadata: {name: a, namespace: x}
      - POD
""",
    "manifest-work-in-manifest-work": """
apiVersion: work.open-cluster-management.io/v1
kind: ManifestWork
metadata: {name: w, namespace: cluster1}
spec:
  workload:
    manifests:
      - apiVersion: work.open-cluster-management.io/v1
        kind: ManifestWork
        metadata: {name: v, namespace: cluster2}
        spec:
          workload:
            manifests:
              - POD
""",
    "work-set": """
apiVersion: work.open-cluster-management.io/v1alpha1
kind: ManifestWorkReplicaSet
metadata: {name: w, namespace: x}
spec:
  manifestWorkTemplate:
    workload:
      manifests:
        - POD
""",
    "karmada": """
apiVersion: work.karmada.io/v1alpha1
kind: Work
metadata: {name: w, namespace: x}
spec:
  workload:
    manifests:
      - POD
""",
    "policy": """
apiVersion: policy.open-cluster-management.io/v1
kind: Policy
metadata: {name: p, namespace: x}
spec:
  policy-templates:
    - objectDefinition:
        apiVersion: policy.open-cluster-management.io/v1
        kind: ConfigurationPolicy
        metadata: {name: c}
        spec:
          object-templates:
            - complianceType: musthave
              objectDefinition:
                POD
""",
    "template": """
apiVersion: template.openshift.io/v1
kind: Template
metadata: {name: t, namespace: x}
parameters: [{name: NAME}]
objects:
  - POD
""",
    "old-template": """
apiVersion: v1
kind: Template
metadata: {name: t, namespace: x}
objects:
  - POD
""",
    "crossplane-object": """
apiVersion: kubernetes.crossplane.io/v1alpha2
kind: Object
metadata: {name: o}
spec:
  forProvider:
    manifest:
      POD
""",
    "composition": """
apiVersion: apiextensions.crossplane.io/v1
kind: Composition
metadata: {name: c}
spec:
  resources:
    - name: o
      base:
        apiVersion: kubernetes.crossplane.io/v1alpha2
        kind: Object
        spec:
          forProvider:
            manifest:
              POD
""",
    "kyverno": """
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: p}
spec:
  rules:
    - name: g
      match: {any: [{resources: {kinds: [Namespace]}}]}
      generate:
        apiVersion: v1
        kind: Pod
        name: evil
        namespace: "{{request.object.metadata.name}}"
        data:
          spec:
            containers:
              - name: main
                image: registry.example.com/a:1.0.0
                securityContext:
                  privileged: true
""",
    "kyverno-foreach": """
apiVersion: kyverno.io/v1
kind: Policy
metadata: {name: p, namespace: x}
spec:
  rules:
    - name: g
      generate:
        foreach:
          - list: request.object.spec.x
            apiVersion: v1
            kind: Pod
            name: evil
            data:
              spec:
                containers:
                  - name: main
                    image: registry.example.com/a:1.0.0
                    securityContext:
                      privileged: true
""",
    "resource-set": """
apiVersion: addons.cluster.x-k8s.io/v1beta1
kind: ClusterResourceSet
metadata: {name: s, namespace: x}
spec:
  clusterSelector: {}
  resources: [{kind: ConfigMap, name: cni}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cni, namespace: x}
data:
  cni.yaml: |
    # a comment
    ---
    apiVersion: v1
    kind: Namespace
    metadata: {name: x}
    ---
    POD
""",
    "argo-workflow": """
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: w, namespace: x}
spec:
  templates:
    - name: create
      resource:
        action: create
        manifest: |
          POD
""",
    "sync-set": """
apiVersion: hive.openshift.io/v1
kind: SelectorSyncSet
metadata: {name: s}
spec:
  resources:
    - POD
""",
    "trigger": """
apiVersion: triggers.tekton.dev/v1beta1
kind: TriggerTemplate
metadata: {name: t, namespace: x}
spec:
  resourcetemplates:
    - POD
""",
    "unknown-kind": """
apiVersion: example.com/v1
kind: Anything
metadata: {name: a, namespace: x}
deep:
  er: [{down: {it: {is: {
    here: }}}}]
  also:
    - POD
""",
}


def with_pod(carrier: str, pod: str = POD) -> str:
    """The carrier with a pod in the place of the word POD."""
    lines = []
    for line in carrier.lstrip("\n").splitlines():
        before, found, _ = line.partition("POD")
        if not found:
            lines.append(line)
            continue
        first, *rest = pod.splitlines()
        lines += [before + first, *(" " * len(before) + one for one in rest)]
    return "\n".join(lines) + "\n"
