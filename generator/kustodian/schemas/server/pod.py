"""Problems in pods that the API server rejects beyond the schema.

Source: k8s.io/kubernetes v1.34 pkg/apis/core/validation/validation.go, pkg/apis/batch/validation and
pkg/apis/apps/validation (restart policies).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.kubernetes.syntax.names import (
    is_dns_label,
    is_env_name,
    is_port_name,
    is_qualified_name,
)
from kustodian.model.json_value import (
    FieldPath,
    JsonObject,
    integer,
    mapping,
    mappings,
    string_map,
    text,
)
from kustodian.model.violation import Violation

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_STANDARD_RESOURCES = ("cpu", "memory", "ephemeral-storage")


def pod_problems(pod: PodTemplate, version: tuple[int, int]) -> Iterator[Violation]:
    """The problems of a pod and of its containers."""
    if "containers" in pod.spec and not pod.spec.get("containers") and not pod.partial:
        yield Violation(pod.path_of("containers"), "containers must not be empty")
    yield from _duplicates(
        [(c.name, (*c.path, "name")) for c in pod.containers], "another container of the pod is named"
    )
    yield from _volumes(pod)
    yield from _restart_policy(pod)
    yield from _host_ports(pod)
    for index, toleration in mappings(pod.spec.get("tolerations")):
        yield from _toleration(toleration, pod.path_of("tolerations", index))
    for container in pod.containers:
        yield from _container(container, pod, version)


def _container(container: Container, pod: PodTemplate, version: tuple[int, int]) -> Iterator[Violation]:
    data, path = container.data, container.path
    if container.name and not is_dns_label(container.name):
        yield Violation(
            (*path, "name"), f'container name "{container.name}" must be a DNS label, at most 63 long'
        )
    if not data.get("image") and not container.image_optional:
        yield Violation((*path, "image"), f'field "image" is required in {container}')
    elif container.image != container.image.strip():
        yield Violation((*path, "image"), f"image of {container} has blanks before or after it")
    yield from _ports(container)
    yield from _environment(container, version)
    yield from _mounts(container, pod)
    for kind in _PROBES:
        if isinstance(data.get(kind), dict):
            yield from _probe(container, kind)
    if container.role == "init":
        for name in (*_PROBES, "lifecycle"):
            if data.get(name):
                yield Violation(
                    (*path, name), f"{container} may not have a {name} unless its restartPolicy is Always"
                )
    yield from _resources(container)
    context = container.security_context
    if context.get("allowPrivilegeEscalation") is False:
        where = (*path, "securityContext", "allowPrivilegeEscalation")
        added = mapping(context.get("capabilities")).get("add")
        if context.get("privileged") is True:
            yield Violation(where, f"{container} cannot be privileged and forbid privilege escalation")
        elif isinstance(added, list) and "CAP_SYS_ADMIN" in added:
            yield Violation(where, f"{container} cannot add CAP_SYS_ADMIN and forbid privilege escalation")


def _ports(container: Container) -> Iterator[Violation]:
    ports = mappings(container.data.get("ports"))
    base = (*container.path, "ports")
    for index, port in ports:
        for field in ("containerPort", "hostPort"):
            number = integer(port.get(field))
            if number is not None and not 1 <= number <= 65535 and not (field == "hostPort" and number == 0):
                yield Violation((*base, index, field), f"{field} {number} is not between 1 and 65535")
        name = text(port.get("name"))
        if name and not is_port_name(name):
            yield Violation(
                (*base, index, "name"),
                f'port name "{name}" must be at most 15 lower-case letters, digits and "-", with a letter',
            )
    named = [(text(port.get("name")), (*base, index, "name")) for index, port in ports]
    yield from _duplicates(named, "another port of the container is named")


def _environment(container: Container, version: tuple[int, int]) -> Iterator[Violation]:
    for index, variable in mappings(container.data.get("env")):
        path = (*container.path, "env", index)
        name = text(variable.get("name"))
        if name and not is_env_name(name, version):
            yield Violation((*path, "name"), f'environment variable name "{name}" is malformed')
        source = variable.get("valueFrom")
        if not isinstance(source, dict):
            continue
        if variable.get("value"):
            yield Violation((*path, "value"), f"variable {name} has both value and valueFrom")
        given = [key for key in source if source[key] is not None]
        if len(given) != 1:
            yield Violation((*path, "valueFrom"), f"valueFrom of variable {name} needs exactly one source")
        for key in ("configMapKeyRef", "secretKeyRef"):
            if isinstance(source.get(key), dict) and not source[key].get("name"):
                yield Violation((*path, "valueFrom", key, "name"), f'field "name" is required in {key}')
    for index, source in mappings(container.data.get("envFrom")):
        path = (*container.path, "envFrom", index)
        given = [key for key in ("configMapRef", "secretRef") if isinstance(source.get(key), dict)]
        if len(given) != 1:
            yield Violation(path, f"envFrom[{index}] needs exactly one of configMapRef and secretRef")
        elif not source[given[0]].get("name"):
            yield Violation((*path, given[0], "name"), f'field "name" is required in {given[0]}')


def _mounts(container: Container, pod: PodTemplate) -> Iterator[Violation]:
    known = {text(volume.get("name")) for _, volume in pod.volumes}
    if pod.owner.is_a("apps", "StatefulSet"):
        claims = mappings(pod.owner.spec.get("volumeClaimTemplates"))
        known |= {text(mapping(claim.get("metadata")).get("name")) for _, claim in claims}
    base = (*container.path, "volumeMounts")
    mounts = mappings(container.data.get("volumeMounts"))
    for index, mount in mounts:
        name = text(mount.get("name"))
        if name and name not in known:
            yield Violation(
                (*base, index, "name"), f'{container} mounts the volume "{name}", which the pod does not have'
            )
    paths = [(text(mount.get("mountPath")), (*base, index, "mountPath")) for index, mount in mounts]
    yield from _duplicates(paths, "the container mounts another volume at")


def _probe(container: Container, kind: str) -> Iterator[Violation]:
    probe, path = mapping(container.data.get(kind)), (*container.path, kind)
    handlers = [name for name in _HANDLERS if isinstance(probe.get(name), dict)]
    if len(handlers) != 1:
        yield Violation(path, f"{kind} of {container} needs exactly one of {', '.join(_HANDLERS)}")
    threshold = integer(probe.get("successThreshold"))
    if kind != "readinessProbe" and threshold is not None and threshold not in (0, 1):
        yield Violation(
            (*path, "successThreshold"), f"successThreshold of a {kind} must be 1, not {threshold}"
        )
    for handler in ("httpGet", "tcpSocket"):
        port = mapping(probe.get(handler)).get("port")
        number = integer(port)
        if number is not None and not 1 <= number <= 65535:
            yield Violation((*path, handler, "port"), f"port {number} is not between 1 and 65535")
        elif isinstance(port, str) and not is_port_name(port):
            hint = "; write the number without quotes" if port.isdigit() else ""
            yield Violation((*path, handler, "port"), f'port "{port}" is not a port name{hint}')


def _resources(container: Container) -> Iterator[Violation]:
    for section in ("limits", "requests"):
        for name in mapping(mapping(container.data.get("resources")).get(section)):
            prefix, slash, _ = name.rpartition("/")
            standard = name in _STANDARD_RESOURCES or name.startswith("hugepages-")
            if standard or (slash and prefix != "kubernetes.io" and is_qualified_name(name)):
                continue
            yield Violation(
                (*container.path, "resources", section, name),
                f'"{name}" is not a resource of a container: neither a standard one nor one with a domain',
            )


def _volumes(pod: PodTemplate) -> Iterator[Violation]:
    for path, volume in pod.volumes:
        name = text(volume.get("name"))
        if name and not is_dns_label(name):
            yield Violation((*path, "name"), f'volume name "{name}" must be a DNS label, at most 63 long')
        sources = [key for key, value in volume.items() if key != "name" and value is not None]
        if len(sources) > 1:
            yield Violation(path, f'volume "{name}" has more than one source: {", ".join(sorted(sources))}')
    named = [(text(volume.get("name")), (*path, "name")) for path, volume in pod.volumes]
    yield from _duplicates(named, "another volume of the pod is named")


def _restart_policy(pod: PodTemplate) -> Iterator[Violation]:
    policy, kind = pod.spec.get("restartPolicy"), pod.owner.kind
    where = pod.path_of("restartPolicy")
    if kind in ("Job", "CronJob"):
        if policy not in ("OnFailure", "Never"):
            problem = f"restartPolicy is {policy}" if policy else "restartPolicy is missing"
            yield Violation(where, f"{problem}; a {kind} needs OnFailure or Never")
    elif kind not in ("Pod", "PodTemplate") and policy is not None and policy != "Always":
        yield Violation(where, f"restartPolicy is {policy}; a {kind} can only have Always")


def _host_ports(pod: PodTemplate) -> Iterator[Violation]:
    taken: set[tuple[str, str, int]] = set()
    on_host = pod.spec.get("hostNetwork") is True
    for container in pod.containers:
        if container.role == "init":
            continue
        for index, port in mappings(container.data.get("ports")):
            number, inside = integer(port.get("hostPort")), integer(port.get("containerPort"))
            if not number:
                continue
            where: FieldPath = (*container.path, "ports", index, "hostPort")
            if on_host and number != inside:
                yield Violation(
                    where, f"hostPort {number} must equal containerPort {inside} on the host network"
                )
            key = (text(port.get("protocol"), "TCP"), text(port.get("hostIP")), number)
            if key in taken:
                yield Violation(where, f"hostPort {number} is used twice in the pod")
            taken.add(key)


def _toleration(toleration: JsonObject, path: FieldPath) -> Iterator[Violation]:
    fields = string_map(toleration)
    operator = fields.get("operator", "Equal")
    if not fields.get("key") and operator != "Exists":
        yield Violation((*path, "operator"), "operator must be Exists where a toleration has no key")
    if operator == "Exists" and fields.get("value"):
        yield Violation((*path, "value"), "value must be empty where the operator is Exists")
    if toleration.get("tolerationSeconds") is not None and fields.get("effect") != "NoExecute":
        yield Violation((*path, "effect"), "effect must be NoExecute where tolerationSeconds is set")


def _duplicates(named: list[tuple[str, FieldPath]], reason: str) -> Iterator[Violation]:
    counts: Counter[str] = Counter()
    for name, path in named:
        counts[name] += 1
        if name and counts[name] == 2:
            yield Violation(path, f'{reason} "{name}"')
