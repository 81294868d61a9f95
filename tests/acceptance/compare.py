"""Whether the cluster holds what was rendered, and whether anybody has changed it since."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.acceptance.cluster import Cluster

#: A field that git sets and another one than Argo CD changes for good, by kind, as the generated ApplicationSet says.
#: (Numbers of servers are not in git, and a canary that is over leaves the weights as git has them.)
OWNED_BY_OTHERS = {"Service": ("spec", "selector", "rollouts-pod-template-hash")}
#: Its threads keep their connections. With more than these the API server does not answer sooner.
_POOL = ThreadPoolExecutor(4, thread_name_prefix="compare")


def is_hook(data: dict[str, Any]) -> bool:
    """Whether Argo CD runs the object in a sync instead of keeping it."""
    return "argocd.argoproj.io/hook" in data["metadata"].get("annotations", {})


def where(data: dict[str, Any]) -> str:
    """`kind/name`."""
    return f"{data['kind']}/{data['metadata']['name']}"


def live(cluster: Cluster, data: dict[str, Any]) -> dict[str, Any] | None:
    """The object as the cluster has it."""
    metadata = data["metadata"]
    return cluster.read(data["apiVersion"], data["kind"], metadata["name"], metadata.get("namespace", ""))


def differences(cluster: Cluster, objects: list[dict[str, Any]]) -> list[str]:
    """What the cluster lacks, or holds otherwise. The API server itself says how it writes a value."""
    found = _POOL.map(lambda item: _differences(cluster, item), objects)
    return [line for lines in found for line in lines]


def _differences(cluster: Cluster, item: dict[str, Any]) -> list[str]:
    found = live(cluster, item)
    if found is None:
        return [f"{where(item)} does not exist"]
    written = cluster.apply(item, dry_run=True)
    if not written.ok:
        return [f"{where(item)}: {written.message}"]
    return [f"{where(item)}{path}" for path in _unequal(_content(written.body), _content(found))]


def versions(cluster: Cluster, objects: list[dict[str, Any]]) -> dict[str, str]:
    """What tells whether somebody wrote to an object: another text means that somebody did.

    The generation where there is one. Without it a status counts as a change of its resourceVersion as well, so that
    all but the status is compared where there is one.
    """
    return dict(_POOL.map(lambda item: (where(item), _version(live(cluster, item))), objects))


def _version(data: dict[str, Any] | None) -> str:
    if data is None:
        return "gone"
    metadata = data["metadata"]
    if "generation" in metadata:
        return f"{metadata['uid']} generation {metadata['generation']}"
    if "status" not in data:
        return f"{metadata['uid']} version {metadata['resourceVersion']}"
    kept = {key: value for key, value in metadata.items() if key not in ("resourceVersion", "managedFields")}
    return json.dumps({**data, "metadata": kept, "status": None}, sort_keys=True)


def _content(data: dict[str, Any]) -> dict[str, Any]:
    """What a person writes of an object: no status, no bookkeeping."""
    metadata = {key: data["metadata"].get(key) for key in ("labels", "annotations", "finalizers")}
    content = {key: value for key, value in data.items() if key not in ("metadata", "status")}
    owned = OWNED_BY_OTHERS.get(data["kind"])
    return {**(_without(content, owned) if owned else content), "metadata": metadata}


def _without(data: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    key, *rest = path
    if not rest:
        return {name: value for name, value in data.items() if name != key}
    return {**data, key: _without(data[key], tuple(rest))} if isinstance(data.get(key), dict) else data


def _unequal(wanted: Any, found: Any, path: str = "") -> list[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [
            line
            for key in sorted({*wanted, *found})
            for line in _unequal(wanted.get(key), found.get(key), f"{path}.{key}")
        ]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return [
            line
            for index, (one, other) in enumerate(zip(wanted, found, strict=True))
            for line in _unequal(one, other, f"{path}[{index}]")
        ]
    return [] if wanted == found else [f"{path}: {found!r} instead of {wanted!r}"]
