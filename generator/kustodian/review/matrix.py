"""`kustodian matrix`: the environments of each application side by side."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from kustodian.model.environment_matrix import EnvironmentMatrix, Row
from kustodian.model.json_value import JsonObject, dig, mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest
from kustodian.model.object_set import ObjectSet
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.workload import Container, PodTemplate
from kustodian.policy.accelerators import devices_per_pod
from kustodian.policy.scaling import scaling_of
from kustodian.render.engine import Engine
from kustodian.review.check import CheckOptions, start

#: The order in which environments are promoted; others come between, by name.
_ORDER = {
    "dev": 0,
    "development": 0,
    "test": 1,
    "qa": 1,
    "staging": 2,
    "stage": 2,
    "prod": 4,
    "production": 4,
}
_DIGEST = re.compile(r"@sha256:([0-9a-f]{12})[0-9a-f]{52}$")
_REVISION = re.compile(r"(MODEL_?)?(REVISION|VERSION)$|^modelRevision$")
_HASH = re.compile(r"-[0-9a-z]{10}$")

Facts = dict[tuple[str, str], str]


def matrices(targets: Sequence[Path], options: CheckOptions, engine: Engine) -> list[EnvironmentMatrix]:
    """One for each application: overlays whose paths differ in the name of the environment only."""
    run = start([*targets] or [Path()], options, engine)
    overlays = [o for o in run.plan.overlays if o.is_kustomization and o.environment.name is not None]
    groups: dict[str, list[RenderedOverlay]] = defaultdict(list)
    for rendered in engine.render(run.plan.root, overlays, options.render) if overlays else ():
        groups[_application(rendered)].append(rendered)
    found = [_matrix(name, sorted(group, key=_rank)) for name, group in sorted(groups.items())]
    return [matrix for matrix in found if matrix.rows or matrix.errors]


def _application(rendered: RenderedOverlay) -> str:
    parts = rendered.overlay.path.split("/")
    names = {rendered.overlay.environment.name, parts[-1] if len(parts) > 1 else None}
    return "/".join("*" if part in names else part for part in parts)


def _rank(rendered: RenderedOverlay) -> tuple[int, str]:
    name = rendered.overlay.environment.name or ""
    return _ORDER.get(name, 3), rendered.overlay.path


def _matrix(application: str, group: list[RenderedOverlay]) -> EnvironmentMatrix:
    columns = tuple(rendered.overlay.environment.name or rendered.overlay.path for rendered in group)
    facts = [_facts(rendered) for rendered in group]
    subjects = list(dict.fromkeys(subject for found in facts for subject, _ in found))
    seen = dict.fromkeys(key for found in facts for key in found)
    keys = sorted(seen, key=lambda key: subjects.index(key[0]))
    rows = tuple(Row(*key, tuple(found.get(key, "") for found in facts)) for key in keys)
    errors = tuple((one.overlay.path, one.error.message) for one in group if one.error is not None)
    return EnvironmentMatrix(application, columns, rows, errors)


def _facts(rendered: RenderedOverlay) -> Facts:
    objects = ObjectSet(rendered.objects)
    environment = rendered.overlay.environment.name or ""
    facts: Facts = {}
    for manifest in objects:
        who = f"{manifest.kind} {_neutral(manifest.name, environment)}"
        for pod in manifest.pods:
            facts |= {(who, fact): value for fact, value in _pod_facts(pod, objects, environment)}
        facts |= {(who, fact): value for fact, value in _object_facts(manifest)}
    for policy in objects.of("networking.k8s.io", "NetworkPolicy"):
        facts["network policies", _neutral(policy.name, environment)] = "yes"
    return facts


def _pod_facts(pod: PodTemplate, objects: ObjectSet, environment: str) -> Iterator[tuple[str, str]]:
    count = scaling_of(objects).count(pod)
    yield (
        "pods",
        str(count.minimum) if count.minimum == count.maximum else f"{count.minimum} to {count.maximum}",
    )
    devices = devices_per_pod(pod, objects)
    if devices:
        yield "GPUs a pod", str(devices)
    for container in pod.containers:
        name = f"{container.name}: " if len(pod.containers) > 1 else ""
        yield f"{name}image", _DIGEST.sub(r"@\1…", container.image)
        for side in ("requests", "limits"):
            values = container.requests if side == "requests" else container.limits
            for resource, value in sorted(values.items()):
                yield f"{name}{side[:-1]} {resource}", str(value)
        for variable, value in _revisions(container):
            yield f"{name}{variable}", value
    secrets = sorted({_neutral(secret, environment) for secret in _secrets(pod)})
    if secrets:
        yield "secrets", ", ".join(secrets)


def _revisions(container: Container) -> Iterator[tuple[str, str]]:
    for _, entry in mappings(container.data.get("env")):
        name, value = text(entry.get("name")), entry.get("value")
        if isinstance(value, str) and _REVISION.search(name):
            yield name, value


def _secrets(pod: PodTemplate) -> Iterator[str]:
    for container in pod.containers:
        for _, entry in mappings(container.data.get("env")):
            yield from _named(dig(entry, ("valueFrom", "secretKeyRef")), "name")
        for _, entry in mappings(container.data.get("envFrom")):
            yield from _named(entry.get("secretRef"), "name")
    for _, volume in pod.volumes:
        yield from _named(volume.get("secret"), "secretName")


def _named(reference: object, key: str) -> Iterator[str]:
    name = mapping(reference).get(key)
    if isinstance(name, str):
        yield name


def _object_facts(manifest: Manifest) -> Iterator[tuple[str, str]]:
    spec: JsonObject = manifest.spec
    hosts = [text(host) for host in sequence(spec.get("hostnames"))]
    hosts += [text(rule.get("host")) for _, rule in mappings(spec.get("rules")) if rule.get("host")]
    if manifest.kind == "VirtualService":
        hosts += [text(host) for host in sequence(spec.get("hosts"))]
    if hosts:
        yield "hosts", ", ".join(sorted(set(hosts)))
    if manifest.kind == "Namespace":
        level = manifest.labels.get("pod-security.kubernetes.io/enforce")
        yield "Pod Security", level or "none"
    if manifest.kind == "ResourceQuota":
        hard = mapping(spec.get("hard"))
        for resource, value in sorted(hard.items()):
            yield resource, str(value)
    if manifest.kind == "ConfigMap":
        for key, value in mapping(manifest.data.get("data")).items():
            if isinstance(value, str) and _REVISION.search(key) and "\n" not in value:
                yield key, value


def _neutral(name: str, environment: str) -> str:
    """The name without a generator's hash and the environment's own name."""
    name = _HASH.sub("", name)
    return re.sub(rf"(^|-){re.escape(environment)}(?=-|$)", r"\1*", name) if environment else name
