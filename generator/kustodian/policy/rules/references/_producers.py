"""What provides ConfigMaps, Secrets and claims: the objects themselves, and controllers that create them.

Sources: the CRD references of External Secrets v1, Sealed Secrets v1alpha1, cert-manager v1, Secrets Store
CSI driver v1, trust-manager v1alpha1, Vault Secrets Operator v1beta1, 1Password, Doppler, Infisical,
Crossplane v1, objectbucket.io; Kubernetes v1.34 for `kube-root-ca.crt` and StatefulSet claims.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_references import mentioned_in_commands
from kustodian.kubernetes.pod_selection import pod_makers
from kustodian.kubernetes.traffic import GATEWAY_API, INGRESS_KINDS
from kustodian.model.json_value import JsonObject, mapping, mappings, string_map, text
from kustodian.model.manifest import Manifest

#: The namespace of objects that are created in every namespace, or in namespaces that are not known.
ANYWHERE = "*"
_ALWAYS_CONFIG_MAPS = ("kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert", "istio-ca-crl")
#: Custom resources that create a Secret, and the path to its name; by default, that of the resource.
_SECRET_CREATORS: dict[tuple[str, str], tuple[str, ...]] = {
    ("external-secrets.io", "ExternalSecret"): ("spec", "target", "name"),
    ("bitnami.com", "SealedSecret"): ("spec", "template", "metadata", "name"),
    ("cert-manager.io", "Certificate"): ("spec", "secretName"),
    ("secrets.hashicorp.com", "VaultStaticSecret"): ("spec", "destination", "name"),
    ("secrets.hashicorp.com", "VaultDynamicSecret"): ("spec", "destination", "name"),
    ("secrets.hashicorp.com", "VaultPKISecret"): ("spec", "destination", "name"),
    ("secrets.hashicorp.com", "HCPVaultSecretsApp"): ("spec", "destination", "name"),
    ("onepassword.com", "OnePasswordItem"): ("metadata", "name"),
    ("secrets.doppler.com", "DopplerSecret"): ("spec", "managedSecret", "name"),
    ("secrets.infisical.com", "InfisicalSecret"): ("spec", "managedSecretReference", "secretName"),
    ("k8s.bitwarden.com", "BitwardenSecret"): ("spec", "secretName"),
    ("ricoberger.de", "VaultSecret"): ("metadata", "name"),
    ("spv.no", "AzureKeyVaultSecret"): ("spec", "output", "secret", "name"),
    ("objectbucket.io", "ObjectBucketClaim"): ("metadata", "name"),
    ("kafka.strimzi.io", "KafkaUser"): ("metadata", "name"),
}
_CERT_MANAGER = ("cert-manager.io/issuer", "cert-manager.io/cluster-issuer", "kubernetes.io/tls-acme")
#: Annotations that cause a Secret or ConfigMap to be copied into other namespaces.
_COPIED = (
    "reflector.v1.k8s.emberstack.com/reflection-auto-enabled",
    "replicator.v1.mittwald.de/replicate-to",
    "replicator.v1.mittwald.de/replicate-to-matching",
    "kubed.appscode.com/sync",
)


def secret_exists(name: str, namespace: str, objects: ObjectSet) -> bool:
    """Whether something in the set provides the Secret, as an object or through a controller."""
    if objects.find("", "Secret", namespace, name) is not None:
        return True
    if any(name == other and where in (namespace, ANYWHERE) for other, where in _created_secrets(objects)):
        return True
    return _may_be_created(name, namespace, objects)


def config_map_exists(name: str, namespace: str, objects: ObjectSet) -> bool:
    """Whether something in the set, or Kubernetes itself, provides the ConfigMap."""
    if name in _ALWAYS_CONFIG_MAPS or objects.find("", "ConfigMap", namespace, name) is not None:
        return True
    for bundle in objects.of("trust.cert-manager.io", "Bundle"):
        if bundle.name == name:
            return True
    if objects.find("objectbucket.io", "ObjectBucketClaim", namespace, name) is not None:
        return True
    for manifest in objects.of("", "ConfigMap"):
        if manifest.name == name and any(key in manifest.annotations for key in _COPIED):
            return True
    return _may_be_created(name, namespace, objects)


def claim_exists(name: str, namespace: str, objects: ObjectSet) -> bool:
    """Whether a PersistentVolumeClaim of that name exists or is created by a StatefulSet or an operator."""
    if objects.find("", "PersistentVolumeClaim", namespace, name) is not None:
        return True
    if objects.find("cdi.kubevirt.io", "DataVolume", namespace, name) is not None:
        return True
    for owner in objects.of("apps", "StatefulSet"):
        if namespace_of(owner) != namespace:
            continue
        for _, template in mappings(owner.spec.get("volumeClaimTemplates")):
            claim = text(mapping(template.get("metadata")).get("name"))
            if re.fullmatch(rf"{re.escape(claim)}-{re.escape(owner.name)}-\d+", name):
                return True
    return _may_be_created(name, namespace, objects)


def keys_of_config_map(name: str, namespace: str, objects: ObjectSet) -> set[str] | None:
    """The keys of a ConfigMap of the set; None if they are not known."""
    config_map = objects.find("", "ConfigMap", namespace, name)
    return _keys(config_map, "data", "binaryData") if config_map is not None else None


def keys_of_secret(name: str, namespace: str, objects: ObjectSet) -> set[str] | None:
    """The keys of a Secret, also of one that a controller creates; None if they are not known."""
    secret = objects.find("", "Secret", namespace, name)
    if secret is not None:
        return None if secret.data.get("type") == _TOKEN else _keys(secret, "data", "stringData")
    for manifest in objects.of("bitnami.com", "SealedSecret"):
        secret_name = _name_at(manifest, ("spec", "template", "metadata", "name"))
        if secret_name == name and namespace_of(manifest) == namespace:
            return _keys_of_template(manifest, set(mapping(manifest.spec.get("encryptedData"))))
    for manifest in objects.of("external-secrets.io", "ExternalSecret"):
        if namespace_of(manifest) != namespace or _name_at(manifest, ("spec", "target", "name")) != name:
            continue
        target = mapping(manifest.spec.get("target"))
        if manifest.spec.get("dataFrom") or target.get("template") or target.get("creationPolicy") == "Merge":
            return None
        return {text(entry.get("secretKey")) for _, entry in mappings(manifest.spec.get("data"))}
    return None


_TOKEN = "kubernetes.io/service-account-token"


def _created_secrets(objects: ObjectSet) -> Iterator[tuple[str, str]]:
    """(name, namespace) of each Secret that a controller creates from an object of the set."""
    for (group, kind), path in _SECRET_CREATORS.items():
        for manifest in objects.of(group, kind):
            yield _name_at(manifest, path), namespace_of(manifest)
    for manifest in objects.of("external-secrets.io", "ClusterExternalSecret"):
        target = mapping(mapping(manifest.spec.get("externalSecretSpec")).get("target"))
        own = text(manifest.spec.get("externalSecretName")) or manifest.name
        yield text(target.get("name")) or own, ANYWHERE
    for manifest in objects.of("secrets-store.csi.x-k8s.io", "SecretProviderClass"):
        for _, entry in mappings(manifest.spec.get("secretObjects")):
            yield text(entry.get("secretName")), namespace_of(manifest)
    for manifest in objects.of("isindir.github.com", "SopsSecret"):
        for _, entry in mappings(manifest.spec.get("secretTemplates")):
            yield text(entry.get("name")), namespace_of(manifest)
    for manifest in objects.of("trust.cert-manager.io", "Bundle"):
        yield manifest.name, ANYWHERE
    for manifest in objects.of("", "Secret"):
        if any(key in manifest.annotations for key in _COPIED):
            yield manifest.name, ANYWHERE
    yield from _certificates(objects)
    for manifest in objects:
        reference = mapping(manifest.spec.get("writeConnectionSecretToRef"))
        if reference:
            yield text(reference.get("name")), text(reference.get("namespace")) or namespace_of(manifest)


def _certificates(objects: ObjectSet) -> Iterator[tuple[str, str]]:
    """Secrets that cert-manager creates for annotated Ingresses and Gateways."""
    for group, kind in (*INGRESS_KINDS, (GATEWAY_API, "Gateway")):
        for manifest in objects.of(group, kind):
            if not any(key in manifest.annotations for key in _CERT_MANAGER):
                continue
            for _, entry in mappings(manifest.spec.get("tls")):
                yield text(entry.get("secretName")), namespace_of(manifest)
            for _, listener in mappings(manifest.spec.get("listeners")):
                for _, entry in mappings(mapping(listener.get("tls")).get("certificateRefs")):
                    yield text(entry.get("name")), text(entry.get("namespace")) or namespace_of(manifest)


def made_by_operator(name: str, namespace: str, objects: ObjectSet) -> bool:
    """Whether an operator may create an object of that name: it begins with the name of a custom resource."""
    return any(
        namespace_of(maker) == namespace and (name == maker.name or name.startswith(f"{maker.name}-"))
        for maker in pod_makers(objects)
    )


def _may_be_created(name: str, namespace: str, objects: ObjectSet) -> bool:
    return made_by_operator(name, namespace, objects) or mentioned_in_commands(name, namespace, objects)


def _name_at(manifest: Manifest, path: tuple[str, ...]) -> str:
    return text(manifest.get(*path)) or manifest.name


def _keys(manifest: Manifest, *fields: str) -> set[str]:
    return {key for field in fields for key in mapping(manifest.data.get(field))}


def _keys_of_template(manifest: Manifest, keys: set[str]) -> set[str]:
    template: JsonObject = mapping(manifest.spec.get("template"))
    return keys | set(string_map(template.get("data")))
