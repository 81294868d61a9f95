"""What kube-linter's default checks would say, written from their documentation: the program cannot be had here.

Source: kube-linter 0.7/0.8, docs/generated/checks.md, https://docs.kubelinter.io (the checks that are "enabled by
default", with their parameters). It looks at workloads, Services and PodDisruptionBudgets of the built-in kinds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Object = dict[str, Any]
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9](-?[a-z0-9])*")
_HOST_FOLDERS = {"/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr"}
_UNSAFE_SYSCTLS = ("kernel.msg", "kernel.sem", "kernel.shm", "fs.mqueue.", "net.")


def raised(objects: list[Object]) -> set[str]:
    """The default checks that these objects, linted together, do not pass."""
    found = set()
    for one in objects:
        if str(one["apiVersion"]).startswith("extensions/v1beta"):
            found.add("no-extensions-v1beta")
        if one["kind"] == "PodDisruptionBudget":
            found |= set(_budget(one["spec"]))
        if one["kind"] == "Service" and (selector := one["spec"].get("selector")):
            if not any(selector.items() <= labels.items() for labels in map(_labels, objects)):
                found.add("dangling-service")
            for port in one["spec"].get("ports", ()):
                target = port.get("targetPort", 1)
                if not isinstance(target, int) and not _valid_port_name(target):
                    found.add("invalid-target-ports")
        if one["kind"] == "Job" and "ttlSecondsAfterFinished" not in one["spec"]:
            found.add("job-ttl-seconds-after-finished")
        if (template := _template(one)) is not None:
            found |= set(_workload(one, template, objects))
    return found


def _template(one: Object) -> Object | None:
    spec = one.get("spec", {})
    match one["kind"]:
        case "Pod":
            return one
        case "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "ReplicaSet":
            return dict(spec["template"])
        case "CronJob":
            return dict(spec["jobTemplate"]["spec"]["template"])
    return None


def _labels(one: Object) -> dict[str, str]:
    template = _template(one)
    return dict(template.get("metadata", {}).get("labels") or {}) if template is not None else {}


def _budget(spec: Object) -> Iterator[str]:
    if "unhealthyPodEvictionPolicy" not in spec:
        yield "pdb-unhealthy-pod-eviction-policy"
    if spec.get("maxUnavailable") in (0, "0%"):
        yield "pdb-max-unavailable"
    if spec.get("minAvailable") in ("100%",):
        yield "pdb-min-available"


def _workload(one: Object, template: Object, objects: list[Object]) -> Iterator[str]:
    pod = template["spec"]
    selector = one["spec"].get("selector", {}).get("matchLabels", {})
    if not selector.items() <= _labels(one).items():
        yield "mismatching-selector"
    if one["spec"].get("replicas", 1) >= 2 and "podAntiAffinity" not in pod.get("affinity", {}):
        yield "no-anti-affinity"
    if "serviceAccount" in pod:
        yield "deprecated-service-account-field"
    account = pod.get("serviceAccountName", "default")
    if account != "default" and account not in _names(objects, "ServiceAccount"):
        yield "non-existent-service-account"
    for key, check in (("hostIPC", "host-ipc"), ("hostNetwork", "host-network"), ("hostPID", "host-pid")):
        if pod.get(key):
            yield check
    for volume in pod.get("volumes", ()):
        folder = volume.get("hostPath", {}).get("path", "")
        if folder in _HOST_FOLDERS:
            yield "sensitive-host-mounts"
        if folder.endswith("docker.sock"):
            yield "docker-sock"
    for sysctl in pod.get("securityContext", {}).get("sysctls", ()):
        if sysctl["name"].startswith(_UNSAFE_SYSCTLS):
            yield "unsafe-sysctls"
    for container in pod["containers"]:
        yield from _container(container, pod.get("securityContext", {}))


def _container(container: Object, pod_context: Object) -> Iterator[str]:
    context = container.get("securityContext", {})
    if context.get("privileged"):
        yield "privileged-container"
    if context.get("allowPrivilegeEscalation", True):
        yield "privilege-escalation-container"
    if not context.get("readOnlyRootFilesystem"):
        yield "no-read-only-root-fs"
    if not {"ALL", "NET_RAW"} & set(context.get("capabilities", {}).get("drop", ())):
        yield "drop-net-raw-capability"
    user = context.get("runAsUser", pod_context.get("runAsUser"))
    if not context.get("runAsNonRoot", pod_context.get("runAsNonRoot")) and not user:
        yield "run-as-non-root"
    image = container["image"].rpartition("/")[2]
    if ":" not in image or image.endswith(":latest"):
        yield "latest-tag"
    names = [entry["name"] for entry in container.get("env", ())]
    if len(names) != len(set(names)):
        yield "duplicate-env-var"
    if any("secret" in entry["name"].lower() and entry.get("value") for entry in container.get("env", ())):
        yield "env-var-secret"
    requests = container.get("resources", {}).get("requests", {})
    for resource in ("cpu", "memory"):
        if not requests.get(resource):
            yield f"unset-{resource}-requirements"
    ports = container.get("ports", ())
    open_ports = {port["containerPort"] for port in ports} | {port.get("name") for port in ports}
    if 22 in open_ports:
        yield "ssh-port"
    if not all(_valid_port_name(port["name"]) for port in ports if "name" in port):
        yield "invalid-target-ports"
    for kind in ("liveness", "readiness", "startup"):
        probe = container.get(f"{kind}Probe", {})
        asked = [probe[how]["port"] for how in ("httpGet", "tcpSocket", "grpc") if how in probe]
        if not open_ports.issuperset(asked):
            yield f"{kind}-port"


def _valid_port_name(name: str) -> bool:
    return len(name) <= 15 and _PORT_NAME.fullmatch(name) is not None


def _names(objects: list[Object], kind: str) -> set[str]:
    return {one["metadata"]["name"] for one in objects if one["kind"] == kind}
