"""Every place where an object names a ConfigMap, Secret, claim or other object that must exist.

Source: Kubernetes API reference v1.34 (PodSpec, Volume, EnvVarSource, Ingress, ServiceAccount), Gateway API
v1.3 (`certificateRefs`), KEDA v2 TriggerAuthentication, Secrets Store CSI driver v1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.kubernetes.traffic import GATEWAY_API, INGRESS_KINDS
from kustodian.model.field_path import FieldPath
from kustodian.model.json_value import JsonObject, mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest

Kind = Literal["ConfigMap", "Secret"]
#: The field names with which a pod speaks of each kind: envFrom, env, volume, and the volume's name field.
_FIELDS: dict[Kind, tuple[str, str, str, str]] = {
    "ConfigMap": ("configMapRef", "configMapKeyRef", "configMap", "name"),
    "Secret": ("secretRef", "secretKeyRef", "secret", "secretName"),
}
#: Volume sources with a Secret of their own: source, the field that holds it, and the name in there, if any.
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


class Reference(NamedTuple):
    """One reference: `path` leads to the name in `manifest`; `keys` are entries needed, with their paths."""

    manifest: Manifest
    path: FieldPath
    namespace: str
    name: str
    user: str
    keys: tuple[tuple[str, FieldPath], ...] = ()


def pod_references(objects: ObjectSet, kind: Kind) -> Iterator[Reference]:
    """The references of every pod to a kind; those marked optional, or filled in later, are left out."""
    seen: set[tuple[int, FieldPath]] = set()
    for pod in objects.pods:
        for reference in _of_pod(pod, kind):
            key = (id(reference.manifest), reference.path)
            if key not in seen and is_final(reference.name):
                seen.add(key)
                yield reference


def other_secret_references(objects: ObjectSet) -> Iterator[Reference]:
    """References to Secrets outside of pods: service accounts, TLS of Ingresses and Gateways, KEDA."""
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
    """Whether a name is literal: not empty, and without a variable that somebody replaces later."""
    return bool(name) and "$(" not in name and "{{" not in name and "${" not in name


def _reference(manifest: Manifest, path: FieldPath, name: object, user: str) -> Reference:
    return Reference(manifest, path, namespace_of(manifest), text(name), f"{user} {manifest.name}")


def _of_pod(pod: PodTemplate, kind: Kind) -> Iterator[Reference]:
    from_field, key_field, volume_field, name_field = _FIELDS[kind]
    namespace, manifest = namespace_of(pod.owner), pod.owner

    def at(
        path: FieldPath, name: object, user: str, keys: tuple[tuple[str, FieldPath], ...] = ()
    ) -> Reference:
        return Reference(manifest, path, namespace, text(name), user, keys)

    for container in pod.containers:
        for path, source, key in _environment(container, from_field, key_field):
            keys = ((key, (*path, "key")),) if key else ()
            yield at((*path, "name"), source.get("name"), str(container), keys)
    for path, volume in pod.volumes:
        user = f'volume "{text(volume.get("name"))}"'
        sources: list[tuple[FieldPath, object, str]] = [
            ((*path, volume_field), volume.get(volume_field), name_field)
        ]
        sources += [
            ((*path, "projected", "sources", index, volume_field), part.get(volume_field), "name")
            for index, part in mappings(mapping(volume.get("projected")).get("sources"))
        ]
        for where, value, field in sources:
            source = mapping(value)
            if isinstance(value, dict) and source.get("optional") is not True:
                yield at((*where, field), source.get(field), user, _items(source, where))
        if kind == "Secret":
            for source_name, field, inner in _VOLUME_SECRETS:
                held = mapping(volume.get(source_name)).get(field)
                tail: FieldPath = (inner,) if inner else ()
                name = mapping(held).get(inner) if inner else held
                if held:
                    yield at((*path, source_name, field, *tail), name, user)
    if kind == "Secret":
        for index, entry in mappings(pod.spec.get("imagePullSecrets")):
            path = pod.path_of("imagePullSecrets", index, "name")
            yield at(path, entry.get("name"), "imagePullSecrets")


def _environment(
    container: Container, from_field: str, key_field: str
) -> Iterator[tuple[FieldPath, JsonObject, str]]:
    """The required sources of a container's environment: path, source, and the key it needs ("" for all)."""
    for index, entry in mappings(container.data.get("envFrom")):
        source = entry.get(from_field)
        if isinstance(source, dict) and source.get("optional") is not True:
            yield (*container.path, "envFrom", index, from_field), source, ""
    for index, entry in mappings(container.data.get("env")):
        source = mapping(entry.get("valueFrom")).get(key_field)
        if isinstance(source, dict) and source.get("optional") is not True:
            path = (*container.path, "env", index, "valueFrom", key_field)
            yield path, source, text(source.get("key"))


def _items(source: JsonObject, path: FieldPath) -> tuple[tuple[str, FieldPath], ...]:
    return tuple(
        (text(item.get("key")), (*path, "items", index, "key"))
        for index, item in mappings(source.get("items"))
        if text(item.get("key"))
    )


def mentioned_in_commands(name: str, namespace: str, objects: ObjectSet) -> bool:
    """Whether a container of the namespace has the name in its command line: it may create the object."""
    for pod in objects.pods_in(namespace):
        for container in pod.containers:
            words = (*sequence(container.data.get("command")), *sequence(container.data.get("args")))
            if any(isinstance(word, str) and name in word for word in words):
                return True
    return False
