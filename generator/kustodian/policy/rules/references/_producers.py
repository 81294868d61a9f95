"""What creates ConfigMaps, Secrets and claims: the objects themselves, and the controllers that make them.

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

#: Namespace of what is made in every namespace, or in some that cannot be told.
ANYWHERE = "*"
_ALWAYS_CONFIG_MAPS = ("kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert", "istio-ca-crl")
#: (group, kind) of custom resources that make a Secret, and the path to its name; the object's own name else.
_SECRET_MAKERS: dict[tuple[str, str], tuple[str, ...]] = {
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
#: Annotations with which a Secret or ConfigMap is copied into other namespaces.
_COPIED = (
    "reflector.v1.k8s.emberstack.com/reflection-auto-enabled",
    "replicator.v1.mittwald.de/replicate-to",
    "replicator.v1.mittwald.de/replicate-to-matching",
    "kubed.appscode.com/sync",
)


def makes_secret(name: str, namespace: str, objects: ObjectSet) -> bool:
    """Whether something in the set provides the Secret, as an object or through a controller."""
    if objects.find("", "Secret", namespace, name) is not None:
        return True
    if any(name == made and where in (namespace, ANYWHERE) for made, where in _made_secrets(objects)):
        return True
    return _may_be_made(name, namespace, objects)


def makes_config_map(name: str, namespace: str, objects: ObjectSet) -> bool:
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
    return _may_be_made(name, namespace, objects)


def makes_claim(name: str, namespace: str, objects: ObjectSet) -> bool:
    """Whether a PersistentVolumeClaim of that name exists or is made by a StatefulSet or an operator."""
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
    return _may_be_made(name, namespace, objects)


def keys_of_config_map(name: str, namespace: str, objects: ObjectSet) -> set[str] | None:
    """The keys of a ConfigMap of the set; None where they cannot be told."""
    found = objects.find("", "ConfigMap", namespace, name)
    return _keys(found, "data", "binaryData") if found is not None else None


def keys_of_secret(name: str, namespace: str, objects: ObjectSet) -> set[str] | None:
    """The keys of a Secret, also of one that is made entry by entry; None where they cannot be told."""
    found = objects.find("", "Secret", namespace, name)
    if found is not None:
        return None if found.data.get("type") == _TOKEN else _keys(found, "data", "stringData")
    for manifest in objects.of("bitnami.com", "SealedSecret"):
        own = _name_at(manifest, ("spec", "template", "metadata", "name"))
        if own == name and namespace_of(manifest) == namespace:
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


def _made_secrets(objects: ObjectSet) -> Iterator[tuple[str, str]]:
    """(name, namespace) of each Secret that a controller makes from an object of the set."""
    for (group, kind), path in _SECRET_MAKERS.items():
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
    """Secrets that cert-manager makes for annotated Ingresses and Gateways."""
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
    """Whether an operator may make an object of that name: names begin with that of the custom resource."""
    return any(
        namespace_of(maker) == namespace and (name == maker.name or name.startswith(f"{maker.name}-"))
        for maker in pod_makers(objects)
    )


def _may_be_made(name: str, namespace: str, objects: ObjectSet) -> bool:
    return made_by_operator(name, namespace, objects) or mentioned_in_commands(name, namespace, objects)


def _name_at(manifest: Manifest, path: tuple[str, ...]) -> str:
    return text(manifest.get(*path)) or manifest.name


def _keys(manifest: Manifest, *fields: str) -> set[str]:
    return {key for field in fields for key in mapping(manifest.data.get(field))}


def _keys_of_template(manifest: Manifest, keys: set[str]) -> set[str]:
    template: JsonObject = mapping(manifest.spec.get("template"))
    return keys | set(string_map(template.get("data")))
