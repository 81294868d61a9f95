"""All objects of one overlay, indexed for the rules that relate them to each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.json_value import FieldPath
from kustodian.model.manifest import Manifest
from kustodian.model.memo import Memoized

#: Cluster-scoped kinds of the built-in API groups (kubectl api-resources --namespaced=false, v1.34).
CLUSTER_SCOPED = frozenset({
    "Namespace", "Node", "PersistentVolume", "ClusterRole", "ClusterRoleBinding", "StorageClass",
    "PriorityClass", "CustomResourceDefinition", "APIService", "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
    "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "RuntimeClass", "IngressClass", "CSIDriver",
    "CSINode", "VolumeAttachment", "FlowSchema", "PriorityLevelConfiguration", "CertificateSigningRequest",
    "DeviceClass", "ResourceSlice", "ClusterTrustBundle", "IPAddress", "ServiceCIDR", "GatewayClass",
    "ClusterIssuer", "ClusterSecretStore", "ClusterExternalSecret", "ClusterWorkflowTemplate",
    "ClusterServingRuntime", "ClusterQueue", "ResourceFlavor", "NodePool", "EC2NodeClass", "ClusterPolicy",
    "VolumeAttributesClass", "VolumeSnapshotClass", "ClusterTriggerAuthentication",
})  # fmt: skip


class ObjectSet(Memoized):
    """The objects of an overlay, with indexes by kind, name, namespace and label.

    An object without a namespace is in `default`, as with kubectl.
    """

    def __init__(
        self,
        objects: list[Manifest],
        opened: Sequence[Manifest] = (),
        unread: Sequence[tuple[Manifest, FieldPath]] = (),
    ) -> None:
        """Take the objects in rendered order.

        `opened` are objects inside them, which are not part of the set: they are created elsewhere or later.
        `unread` are texts inside objects with manifests that do not parse.
        """
        self.objects = objects
        self.opened = opened
        self.unread = unread

    def __iter__(self) -> Iterator[Manifest]:
        """The objects in rendered order."""
        return iter(self.objects)

    def __len__(self) -> int:
        """The number of objects."""
        return len(self.objects)

    @cached_property
    def _by_kind(self) -> dict[tuple[str, str], list[Manifest]]:
        index: dict[tuple[str, str], list[Manifest]] = defaultdict(list)
        for manifest in self.objects:
            index[manifest.group, manifest.kind].append(manifest)
        return dict(index)

    @cached_property
    def _by_name(self) -> dict[tuple[str, str, str, str], Manifest]:
        return {(m.group, m.kind, namespace_of(m), m.name): m for m in self.objects}

    @cached_property
    def pods(self) -> list[PodTemplate]:
        """Every pod template of every object, in rendered order."""
        return [pod for manifest in self.objects for pod in pods_of(manifest)]

    def of(self, group: str, *kinds: str) -> Sequence[Manifest]:
        """The objects of an API group (in any version; "" is core), kind by kind, each in rendered order."""
        if len(kinds) == 1:  # the most frequent call of all rules about an overlay
            return self._by_kind.get((group, kinds[0]), ())
        return [m for kind in kinds for m in self._by_kind.get((group, kind), ())]

    def find(self, group: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """The object of this identity, None if absent; `namespace` is ignored for cluster-scoped kinds."""
        key_namespace = "" if kind in CLUSTER_SCOPED else namespace
        return self._by_name.get((group, kind, key_namespace, name))

    @cached_property
    def _pods_by_namespace(self) -> dict[str, list[PodTemplate]]:
        index: dict[str, list[PodTemplate]] = defaultdict(list)
        for pod in self.pods:
            index[namespace_of(pod.owner)].append(pod)
        return dict(index)

    @cached_property
    def _pods_by_label(self) -> dict[tuple[str, str, str], list[PodTemplate]]:
        index: dict[tuple[str, str, str], list[PodTemplate]] = defaultdict(list)
        for namespace, pods in self._pods_by_namespace.items():
            for pod in pods:
                for key, value in pod.labels.items():
                    index[namespace, key, value].append(pod)
        return dict(index)

    def pods_in(self, namespace: str) -> list[PodTemplate]:
        """The pod templates whose pods run in that namespace."""
        return self._pods_by_namespace.get(namespace, [])

    def pods_carrying(self, wanted: Mapping[str, str], namespace: str) -> list[PodTemplate]:
        """A superset of the pods of a namespace that carry all these labels, found by the rarest of them."""
        if not wanted:
            return self.pods_in(namespace)
        buckets = (self._pods_by_label.get((namespace, key, value), []) for key, value in wanted.items())
        return min(buckets, key=len)


def namespace_of(manifest: Manifest) -> str:
    """The namespace of an object: "" for cluster-scoped kinds, `default` if none is written."""
    if manifest.kind in CLUSTER_SCOPED:
        return ""
    return manifest.namespace or "default"
