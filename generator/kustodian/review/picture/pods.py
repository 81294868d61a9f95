"""What a pod needs from its namespace: configuration, secrets, claims, an account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.model.json_value import JsonObject, mapping, mappings, text


@dataclass(frozen=True, slots=True)
class UsedObject:
    """A core object of the pod's namespace, and how the pod uses it: `volume`, `env`, `pull`, `runs as`."""

    kind: str
    name: str
    how: str


def used_objects(pod: PodTemplate) -> Iterator[UsedObject]:
    """The objects that a pod names, with repeats."""
    for _, volume in pod.volumes:
        yield from _of_volume(volume)
    for container in pod.containers:
        yield from _of_environment(container)
    for _, reference in mappings(pod.spec.get("imagePullSecrets")):
        yield from _named("Secret", reference.get("name"), "pull")
    if pod.service_account != "default":
        yield UsedObject("ServiceAccount", pod.service_account, "runs as")
    # The controller names each claim after its template and the pod; the picture shows the template.
    for _, claim in mappings(pod.owner.spec.get("volumeClaimTemplates")):
        name = text(mapping(claim.get("metadata")).get("name"))
        yield from _named("PersistentVolumeClaim", f"{name}-{pod.owner.name}-*", "volume")


def _of_volume(volume: JsonObject) -> Iterator[UsedObject]:
    sources = [volume, *(source for _, source in mappings(mapping(volume.get("projected")).get("sources")))]
    for source in sources:
        yield from _named("ConfigMap", mapping(source.get("configMap")).get("name"), "volume")
        secret = mapping(source.get("secret"))
        yield from _named("Secret", secret.get("secretName") or secret.get("name"), "volume")
    claim = mapping(volume.get("persistentVolumeClaim")).get("claimName")
    yield from _named("PersistentVolumeClaim", claim, "volume")
    csi = mapping(mapping(volume.get("csi")).get("nodePublishSecretRef")).get("name")
    yield from _named("Secret", csi, "volume")


def _of_environment(container: Container) -> Iterator[UsedObject]:
    for _, source in mappings(container.data.get("envFrom")):
        yield from _named("ConfigMap", mapping(source.get("configMapRef")).get("name"), "env")
        yield from _named("Secret", mapping(source.get("secretRef")).get("name"), "env")
    for _, variable in mappings(container.data.get("env")):
        source = mapping(variable.get("valueFrom"))
        yield from _named("ConfigMap", mapping(source.get("configMapKeyRef")).get("name"), "env")
        yield from _named("Secret", mapping(source.get("secretKeyRef")).get("name"), "env")


def _named(kind: str, name: object, how: str) -> Iterator[UsedObject]:
    if isinstance(name, str) and name:
        yield UsedObject(kind, name, how)
