"""References of pods and other objects to ConfigMaps, Secrets, volume claims and service accounts.

Source: Kubernetes API reference v1.34 (PodSpec, Volume, EnvVarSource, Ingress, ServiceAccount), Gateway API
v1.3 (`certificateRefs`), KEDA v2 TriggerAuthentication, Secrets Store CSI driver v1, KServe v1beta1
(`storageUri`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.kubernetes.traffic import GATEWAY_API, INGRESS_KINDS
from kustodian.model.json_value import FieldPath, JsonObject, mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest

Kind = Literal["ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount", "SecretProviderClass"]
Use = Literal["env", "volume", "pull", "runs as"]
#: Entries of a ConfigMap or Secret that are needed, each with the path of the field that names it.
Keys = tuple[tuple[str, FieldPath], ...]

#: Kind, envFrom source, env source, volume source, and the field with the name in a volume source.
_SOURCES: tuple[tuple[Kind, str, str, str, str], ...] = (
    ("ConfigMap", "configMapRef", "configMapKeyRef", "configMap", "name"),
    ("Secret", "secretRef", "secretKeyRef", "secret", "secretName"),
)
#: Volume sources that name a Secret: the source, its field, and the key of the name in that ("": the field).
_VOLUME_SECRETS = (
    ("azureFile", "secretName", ""),
    ("cephfs", "secretRef", "name"),
    ("cinder", "secretRef", "name"),
    ("csi", "nodePublishSecretRef", "name"),
    ("flexVolume", "secretRef", "name"),
    ("iscsi", "secretRef", "name"),
    ("rbd", "secretRef", "name"),
    ("scaleIO", "secretRef", "name"),
    ("storageos", "secretRef", "name"),
)
#: The CSI driver that mounts secrets, and the API group of its objects.
_SECRETS_STORE = "secrets-store.csi.k8s.io"
SECRETS_STORE_GROUP = "secrets-store.csi.x-k8s.io"


class PodReference(NamedTuple):
    """A reference of a pod to an object of its namespace.

    `path` leads to the name, in the pod's owner. `user` is the container or volume in words. If the reference
    is `optional`, the pod starts without the object.
    """

    kind: Kind
    name: str
    how: Use
    path: FieldPath
    user: str
    keys: Keys = ()
    optional: bool = False


class Reference(NamedTuple):
    """A reference of any object; `path` leads to the name in `manifest`, which `user` describes."""

    manifest: Manifest
    path: FieldPath
    namespace: str
    name: str
    user: str
    keys: Keys = ()


def references_of(pod: PodTemplate) -> tuple[PodReference, ...]:
    """Every reference of a pod with a name, including repeated and optional ones.

    Its service account is included unless it is `default`, which every namespace has.
    """
    return pod.memoized(_references_of)


def pod_references(objects: ObjectSet, kind: Kind) -> Iterator[Reference]:
    """The references of all pods to a kind, without optional ones and names that are not final.

    A field that several pods of one owner share is included once.
    """
    seen: set[tuple[int, FieldPath]] = set()
    for pod in objects.pods:
        for reference in references_of(pod):
            if reference.kind != kind or reference.optional or not is_final(reference.name):
                continue
            key = (id(pod.owner), reference.path)
            if key not in seen:
                seen.add(key)
                yield Reference(
                    pod.owner,
                    reference.path,
                    namespace_of(pod.owner),
                    reference.name,
                    reference.user,
                    reference.keys,
                )


def other_secret_references(objects: ObjectSet) -> Iterator[Reference]:
    """The references to Secrets of service accounts, Ingresses, Gateways and KEDA's TriggerAuthentications.

    The name is empty if the field is missing. A Gateway's reference to another namespace is left out.
    """
    for account in objects.of("", "ServiceAccount"):
        for field in ("secrets", "imagePullSecrets"):
            for index, entry in mappings(account.data.get(field)):
                yield _reference(account, (field, index, "name"), entry.get("name"), account.kind)
    for group, kind in INGRESS_KINDS:
        for ingress in objects.of(group, kind):
            for index, entry in mappings(ingress.spec.get("tls")):
                yield _reference(
                    ingress, ("spec", "tls", index, "secretName"), entry.get("secretName"), "Ingress"
                )
    for gateway in objects.of(GATEWAY_API, "Gateway"):
        for index, listener in mappings(gateway.spec.get("listeners")):
            for number, entry in mappings(mapping(listener.get("tls")).get("certificateRefs")):
                where: FieldPath = ("spec", "listeners", index, "tls", "certificateRefs", number, "name")
                if text(entry.get("kind"), "Secret") == "Secret" and not text(entry.get("namespace")):
                    yield _reference(gateway, where, entry.get("name"), "Gateway")
    for trigger in objects.of("keda.sh", "TriggerAuthentication"):
        for index, entry in mappings(trigger.spec.get("secretTargetRef")):
            path = ("spec", "secretTargetRef", index, "name")
            yield _reference(trigger, path, entry.get("name"), trigger.kind)


def is_final(name: str) -> bool:
    """Whether a name is literal: not empty, and without a variable or template to be replaced later."""
    return bool(name) and "$(" not in name and "{{" not in name and "${" not in name


def _reference(manifest: Manifest, path: FieldPath, name: object, user: str) -> Reference:
    return Reference(manifest, path, namespace_of(manifest), text(name), f"{user} {manifest.name}")


def _references_of(pod: PodTemplate) -> tuple[PodReference, ...]:
    references = (
        *(reference for container in pod.containers for reference in _of_container(container)),
        *(reference for path, volume in pod.volumes for reference in _of_volume(volume, path)),
        *(
            PodReference(
                "Secret", text(entry.get("name")), "pull",
                pod.path_of("imagePullSecrets", index, "name"), "imagePullSecrets",
            )
            for index, entry in mappings(pod.spec.get("imagePullSecrets"))
        ),
        *_service_account(pod),
    )  # fmt: skip
    return tuple(reference for reference in references if reference.name)


def _of_container(container: Container) -> Iterator[PodReference]:
    user = str(container)
    for index, entry in mappings(container.data.get("envFrom")):
        for kind, field, _, _, _ in _SOURCES:
            path = (*container.path, "envFrom", index, field)
            yield from _from_source(kind, entry.get(field), "name", "env", path, user)
    for index, entry in mappings(container.data.get("env")):
        for kind, _, field, _, _ in _SOURCES:
            source = mapping(entry.get("valueFrom")).get(field)
            path = (*container.path, "env", index, "valueFrom", field)
            key = text(mapping(source).get("key"))
            keys: Keys = ((key, (*path, "key")),) if key else ()
            yield from _from_source(kind, source, "name", "env", path, user, keys)
    uri = text(container.data.get("storageUri"))
    if uri.startswith("pvc://"):
        claim = uri.removeprefix("pvc://").partition("/")[0]
        path = (*container.path, "storageUri")
        yield PodReference("PersistentVolumeClaim", claim, "volume", path, f"storageUri {uri}")


def _of_volume(volume: JsonObject, path: FieldPath) -> Iterator[PodReference]:
    user = f'volume "{text(volume.get("name"))}"'
    for kind, _, _, field, name_field in _SOURCES:
        source = volume.get(field)
        yield from _from_source(kind, source, name_field, "volume", (*path, field), user, None)
    for index, part in mappings(mapping(volume.get("projected")).get("sources")):
        for kind, _, _, field, _ in _SOURCES:
            where = (*path, "projected", "sources", index, field)
            yield from _from_source(kind, part.get(field), "name", "volume", where, user, None)
    for source_name, field, inner in _VOLUME_SECRETS:
        held = mapping(volume.get(source_name)).get(field)
        name = mapping(held).get(inner) if inner else held
        tail = (inner,) if inner else ()
        yield PodReference("Secret", text(name), "volume", (*path, source_name, field, *tail), user)
    claim = mapping(volume.get("persistentVolumeClaim")).get("claimName")
    where = (*path, "persistentVolumeClaim", "claimName")
    yield PodReference("PersistentVolumeClaim", text(claim), "volume", where, user)
    csi = mapping(volume.get("csi"))
    if csi.get("driver") == _SECRETS_STORE:
        provider = text(mapping(csi.get("volumeAttributes")).get("secretProviderClass"))
        where = (*path, "csi", "volumeAttributes", "secretProviderClass")
        yield PodReference("SecretProviderClass", provider, "volume", where, user)


def _from_source(
    kind: Kind, source: object, name_field: str, how: Use, path: FieldPath, user: str, keys: Keys | None = ()
) -> Iterator[PodReference]:
    """The reference of one source of an environment or volume; without `keys`, its `items` are the keys."""
    if isinstance(source, dict):
        needed = keys if keys is not None else _items(source, path)
        optional = source.get("optional") is True
        yield PodReference(
            kind, text(source.get(name_field)), how, (*path, name_field), user, needed, optional
        )


def _service_account(pod: PodTemplate) -> Iterator[PodReference]:
    if pod.service_account != "default":
        field = "serviceAccountName" if pod.spec.get("serviceAccountName") else "serviceAccount"
        path = pod.path_of(field)
        yield PodReference("ServiceAccount", pod.service_account, "runs as", path, "the pod")


def _items(source: JsonObject, path: FieldPath) -> tuple[tuple[str, FieldPath], ...]:
    return tuple(
        (text(item.get("key")), (*path, "items", index, "key"))
        for index, item in mappings(source.get("items"))
        if text(item.get("key"))
    )


def mentioned_in_commands(name: str, namespace: str, objects: ObjectSet) -> bool:
    """Whether a command line in the namespace contains the name: it may create that object."""
    for pod in objects.pods_in(namespace):
        for container in pod.containers:
            words = (*sequence(container.data.get("command")), *sequence(container.data.get("args")))
            if any(isinstance(word, str) and name in word for word in words):
                return True
    return False
