"""Runs a command as Kubernetes runs a container of a pod: its user, its environment, a root file system that is
read-only, and nothing writable but the volumes that the pod declares.

Made of Linux's own parts (a mount namespace, chroot, no capabilities), so that no container engine and no image is
needed. The caller says what the image holds: which folder lies where.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: What every image has: the machine's own programs and libraries.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64")
#: What the loader and Python ask of /etc. It is a folder of the image, since volumes are mounted in it.
ETC = ("/etc/ld.so.cache", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf")


@dataclass(frozen=True)
class Container:
    """One container of a pod.

    pod        the pod's `spec`
    name       the container's name in it
    image      path in the container -> folder that stands for this part of the image
    workdir    the image's WORKDIR
    volumes    volume name -> folder that stands for it (an emptyDir needs none: it is a tmpfs of its size)
    """

    pod: Mapping[str, Any]
    name: str
    image: Mapping[str, Path]
    workdir: str
    volumes: Mapping[str, Path]

    @property
    def spec(self) -> Mapping[str, Any]:
        """The container's entry in the pod."""
        (found,) = (item for item in self.pod["containers"] if item["name"] == self.name)
        return dict(found)

    def environment(self, **more: str) -> dict[str, str]:
        """What the pod sets (and `more`); nothing of the caller's own."""
        return {**{item["name"]: item["value"] for item in self.spec.get("env", ())}, **more}

    def start(self, command: list[str], folder: Path, **environment: str) -> subprocess.Popen[str]:
        """Start it; `folder` (empty, new) becomes its root. The process is the command itself: signals reach it."""
        security = {**self.pod["securityContext"], **self.spec["securityContext"]}
        assert security["readOnlyRootFilesystem"] and security["runAsNonRoot"]
        user, group = security["runAsUser"], security["runAsGroup"]
        words = [
            "chroot", str(folder), "/usr/bin/env", "-i", "-C", self.workdir,
            *(f"{name}={value}" for name, value in self.environment(**environment).items()),
            "/usr/bin/setpriv", "--reuid", str(user), "--regid", str(group), "--groups", str(security["fsGroup"]),
            "--bounding-set", "-all", "--inh-caps", "-all", "--no-new-privs", *command,
        ]  # fmt: skip
        script = "\n".join(["set -eu", *self._mounts(folder), f"exec {shlex.join(words)}"])
        return subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self, command: list[str], folder: Path, **environment: str) -> str:
        """Run it to its end; what it printed. Fails where it fails."""
        process = self.start(command, folder, **environment)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
        return output

    def _mounts(self, root: Path) -> list[str]:
        """The shell lines that lay out the root file system and then take the right to write to it."""
        lines = [_mount("-t", "tmpfs", "-o", "mode=755", "root", root)]
        base = sys.base_prefix  # where the standard library of this Python lies
        system = [*SYSTEM, *([base] if not base.startswith("/usr") else [])]
        parts = {path: Path(path) for path in system if Path(path).is_dir()} | dict(self.image)
        for path, source in parts.items():
            lines += _bind(source, root, path, writable=False)
        lines.append(
            f"mkdir {root}/etc && cp {shlex.join(path for path in ETC if Path(path).exists())} {root}/etc"
        )
        lines += [f"mkdir {root}/proc {root}/dev {root}/tmp", _mount("--rbind", "/proc", f"{root}/proc")]
        lines += [_mount("--rbind", "/dev", f"{root}/dev")]
        declared = {volume["name"]: volume for volume in self.pod["volumes"]}
        group = self.pod["securityContext"]["fsGroup"]
        mounts = sorted(self.spec["volumeMounts"], key=lambda item: str(item["mountPath"]))
        for mount in mounts:
            path, volume = mount["mountPath"], declared[mount["name"]]
            if "emptyDir" in volume:
                size = int(volume["emptyDir"]["sizeLimit"].removesuffix("Mi")) << 20
                target = f"{root}{path}"
                lines += [f"mkdir -p {target}"]
                lines += [_mount("-t", "tmpfs", "-o", f"mode=2777,gid={group},size={size}", "empty", target)]
            else:
                lines += _bind(self.volumes[mount["name"]], root, path, writable=not mount.get("readOnly"))
        # /dev holds devices, not files; only a declared volume on it takes data.
        if "/dev/shm" not in {mount["mountPath"] for mount in mounts}:
            lines += [_mount("-t", "tmpfs", "-o", "ro", "none", f"{root}/dev/shm")]
        return [*lines, _mount("-o", "remount,ro", root)]


def _mount(*words: object) -> str:
    return shlex.join(["mount", *(str(word) for word in words)])


def _bind(source: Path, root: Path, path: str, *, writable: bool) -> list[str]:
    """Mount a folder at `path` below `root`."""
    target = f"{root}{path}"
    lines = [f"mkdir -p {shlex.quote(target)}", _mount("--rbind", source, target)]
    return lines if writable else [*lines, _mount("-o", "remount,bind,ro", target)]
