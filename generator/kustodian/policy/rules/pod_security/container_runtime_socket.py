"""Pod mounts the socket of the container runtime.

Why: Anyone who can write to the runtime's socket can start any container with any privilege on the node,
bypassing the API server and every policy.

Fix: Remove the volume. Build images with a rootless builder such as BuildKit, and read logs and metrics
through the kubelet.

Wrong:
    volumes:
      - name: docker
        hostPath: {path: /var/run/docker.sock}

Right:
    volumes:
      - name: build
        emptyDir: {sizeLimit: 10Gi}

Notes: A directory of the node that contains a socket counts as well; mounting it read-only does not help.

Source: NSA/CISA Kubernetes Hardening Guide v1.2, "Kubernetes Pod security",
https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import dig, text
from kustodian.model.measure import Below
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse

#: Sockets of Docker, cri-dockerd, containerd (also of k3s, RKE2 and MicroK8s), CRI-O and Podman.
_SOCKETS = (
    "/run/docker.sock",
    "/run/dockershim.sock",
    "/run/cri-dockerd.sock",
    "/run/containerd/containerd.sock",
    "/run/k3s/containerd/containerd.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
    "/run/crio/crio.sock",
    "/run/podman/podman.sock",
)
_WINDOWS_PIPES = ("docker_engine", "containerd-containerd")


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each hostPath that is a runtime's socket or contains one."""
    for path, volume in pod.volumes:
        host_path = text(dig(volume, ("hostPath", "path")))
        if host_path and _reaches_socket(host_path):
            message = f'volume "{volume.get("name")}" exposes the container runtime: {host_path}'
            yield Violation((*path, "hostPath", "path"), message, measure=Below(host_path))


def _reaches_socket(host_path: str) -> bool:
    if host_path.replace("/", "\\").startswith("\\\\.\\pipe\\"):
        return host_path.endswith(_WINDOWS_PIPES)
    path = posixpath.normpath("/" + host_path.lstrip("/"))
    if path == "/var/run" or path.startswith("/var/run/"):
        path = path.removeprefix("/var")
    folder = path.rstrip("/") + "/"
    return any(path == socket or socket.startswith(folder) for socket in _SOCKETS)


RULE = PodRule(
    id="container-runtime-socket",
    topic="pod security",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("nsa", "security"),
)
