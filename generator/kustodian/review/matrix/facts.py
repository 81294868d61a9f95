"""The facts of an environment that are compared, with short values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kustodian.kubernetes.accelerators import devices_per_pod, is_accelerator
from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_references import references_of
from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.scaling import scaling_of
from kustodian.kubernetes.serving.model_source import names_model, names_revision
from kustodian.model.json_value import JsonObject, dig, mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import RenderedOverlay
from kustodian.review.check.findings import stable_name

_DIGEST = re.compile(r"@sha256:([0-9a-f]{12})[0-9a-f]{52}$")
_SECRETS = ("Secret", "SecretProviderClass")
#: Kinds that are compared as a whole, by (group, kind), with their heading.
_POLICIES = {
    ("networking.k8s.io", "NetworkPolicy"): "network policies",
    ("cilium.io", "CiliumNetworkPolicy"): "network policies",
    ("security.istio.io", "AuthorizationPolicy"): "mesh policies",
    ("security.istio.io", "PeerAuthentication"): "mesh policies",
    ("policy", "PodDisruptionBudget"): "disruption budgets",
    ("rbac.authorization.k8s.io", "Role"): "roles",
}


@dataclass(frozen=True, slots=True)
class FactValue:
    """A value of a fact. Values with equal text but different `content` are different.

    `by_design` says that environments are expected to differ.
    """

    text: str
    content: str = ""
    by_design: bool = False


#: Values by subject and fact.
Facts = dict[tuple[str, str], FactValue]


def facts_of(rendered: RenderedOverlay, column: str) -> Facts:
    """The facts of one overlay; in names, the environment is `*` and generated hashes are left out."""
    return _Reader(rendered, column).facts()


class _Reader:
    def __init__(self, rendered: RenderedOverlay, column: str) -> None:
        self.objects = ObjectSet(rendered.objects)
        names = {rendered.overlay.environment.name or "", column} - {""}
        longest_first = "|".join(sorted(map(re.escape, names), key=lambda name: (-len(name), name)))
        self._environment = re.compile(rf'(^|[-./"])({longest_first})(?=[-./"]|$)') if names else None
        self._generated = {
            one.name: stable_name(one)
            for one in self.objects
            if one.kind in ("ConfigMap", "Secret") and stable_name(one) != one.name
        }

    def facts(self) -> Facts:
        facts: Facts = {}
        for manifest in self.objects:
            name = self.neutral(stable_name(manifest))
            heading = _POLICIES.get((manifest.group, manifest.kind))
            if heading is not None:
                facts[heading, name] = self.policy(manifest)
                continue
            who = f"{manifest.kind} {name}"
            for pod in pods_of(manifest):
                facts |= {(who, fact): value for fact, value in self.of_pod(pod)}
            facts |= {(who, fact): value for fact, value in _of_object(manifest)}
        return facts

    def neutral(self, name: str) -> str:
        """A name, or text with quoted names, with `*` in place of the environment."""
        name = self._generated.get(name, name)
        return self._environment.sub(r"\1*", name) if self._environment else name

    def policy(self, manifest: Manifest) -> FactValue:
        """A policy in a few words, with its full content to tell policies apart."""
        rules = {"spec": manifest.spec, "rules": manifest.data.get("rules")}
        content = self.neutral(json.dumps(rules, sort_keys=True))
        return FactValue(_policy_text(manifest), content, by_design=manifest.kind == "PodDisruptionBudget")

    def of_pod(self, pod: PodTemplate) -> Iterator[tuple[str, FactValue]]:
        count = scaling_of(self.objects).count(pod)
        few, many = count.minimum, count.maximum
        yield "pods", FactValue(str(few) if few == many else f"{few} to {many}", by_design=True)
        devices = devices_per_pod(pod, self.objects)
        if devices:
            yield "GPUs a pod", FactValue(str(devices), by_design=True)
        for container in pod.containers:
            name = f"{container.name}: " if len(pod.containers) > 1 else ""
            yield from ((f"{name}{fact}", value) for fact, value in self.of_container(container))
        for where, uri in _storage_uris(pod):
            yield where, FactValue(self.neutral(uri))
        secrets = sorted({self.neutral(one.name) for one in references_of(pod) if one.kind in _SECRETS})
        if secrets:
            yield "secrets", FactValue(", ".join(secrets))

    def of_container(self, container: Container) -> Iterator[tuple[str, FactValue]]:
        if container.image:
            yield "image", FactValue(_DIGEST.sub(r"@\1…", container.image), container.image)
        for side, values in (("request", container.requests), ("limit", container.limits)):
            for resource, value in sorted(values.items()):
                if side == "limit" and is_accelerator(resource):
                    continue  # always equal to the request
                yield f"{side} {resource}", FactValue(str(value), by_design=True)
        for _, entry in mappings(container.data.get("env")):
            variable, value = text(entry.get("name")), entry.get("value")
            if isinstance(value, str) and (names_revision(variable) or names_model(variable)):
                yield variable, FactValue(value)


def _storage_uris(pod: PodTemplate) -> Iterator[tuple[str, str]]:
    """The models that a serving system fetches, and the models mounted as images."""
    for container in pod.containers:
        uri = container.data.get("storageUri")
        if isinstance(uri, str):
            yield "model", uri
    for _, volume in pod.volumes:
        reference = dig(volume, ("image", "reference"))
        if isinstance(reference, str):
            yield f"{text(volume.get('name'))}: model image", _DIGEST.sub(r"@\1…", reference)


def _of_object(manifest: Manifest) -> Iterator[tuple[str, FactValue]]:
    spec: JsonObject = manifest.spec
    hosts = [text(host) for host in sequence(spec.get("hostnames"))]
    hosts += [text(rule.get("host")) for _, rule in mappings(spec.get("rules")) if rule.get("host")]
    hosts += [
        text(entry.get("hostname")) for _, entry in mappings(spec.get("listeners")) if entry.get("hostname")
    ]
    if manifest.is_a("networking.istio.io", "VirtualService"):
        hosts += [text(host) for host in sequence(spec.get("hosts"))]
    if hosts:
        yield "hosts", FactValue(", ".join(sorted(set(hosts))), by_design=True)
    if manifest.is_a("", "Namespace"):
        level = manifest.labels.get("pod-security.kubernetes.io/enforce")
        yield "Pod Security", FactValue(level or "none")
    if manifest.is_a("", "Service") and spec.get("type") in ("NodePort", "LoadBalancer"):
        yield "type", FactValue(text(spec.get("type")), by_design=True)
    if manifest.is_a("", "ResourceQuota"):
        for resource, value in sorted(mapping(spec.get("hard")).items()):
            yield resource, FactValue(str(value), by_design=True)
    if manifest.is_a("", "ConfigMap"):
        for key, value in mapping(manifest.data.get("data")).items():
            if isinstance(value, str) and "\n" not in value and _is_revision(key):
                yield key, FactValue(value)


def _is_revision(key: str) -> bool:
    """Whether a key names a revision: `modelRevision`, `MODEL_VERSION`, `model-revision`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[-.]", "_", key)
    return names_revision(words)


def _policy_text(manifest: Manifest) -> str:
    spec = manifest.spec
    if manifest.kind == "PodDisruptionBudget":
        for field in ("minAvailable", "maxUnavailable"):
            if field in spec:
                return f"{field} {spec[field]}"
    if manifest.kind == "NetworkPolicy":
        kinds = [text(kind) for kind in sequence(spec.get("policyTypes"))] or ["Ingress"]
        counts = [f"{kind.lower()} {len(sequence(spec.get(kind.lower())))}" for kind in kinds]
        return ", ".join(counts)
    rules = sequence(manifest.data.get("rules") or spec.get("rules"))
    return f"rules {len(rules)}" if rules else "yes"
