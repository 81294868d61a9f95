"""Whether the cluster holds what was rendered: every field of the source, as the API server writes it."""

from __future__ import annotations

from typing import Any

from tests.acceptance.cluster import Cluster

#: Fields that another one than Argo CD owns, by kind: the autoscaler, as the generated ApplicationSet says.
OWNED_BY_OTHERS = {"Deployment": ("spec", "replicas"), "Rollout": ("spec", "replicas")}


def is_hook(data: dict[str, Any]) -> bool:
    """Whether Argo CD runs the object in a sync instead of keeping it."""
    return "argocd.argoproj.io/hook" in data["metadata"].get("annotations", {})


def differences(cluster: Cluster, objects: list[dict[str, Any]]) -> list[str]:
    """What the cluster lacks, or holds otherwise. The API server itself says how it writes a value."""
    found = []
    for item in objects:
        where = f"{item['kind']}/{item['metadata']['name']}"
        live = cluster.read(
            item["apiVersion"], item["kind"], item["metadata"]["name"], item["metadata"].get("namespace", "")
        )
        if live is None:
            found.append(f"{where} does not exist")
            continue
        written = cluster.apply(item, dry_run=True)
        if not written.ok:
            found.append(f"{where}: {written.message}")
            continue
        found += [f"{where}{path}" for path in _unequal(_content(written.body), _content(live))]
    return found


def _content(data: dict[str, Any]) -> dict[str, Any]:
    """What a person writes of an object: no status, no bookkeeping."""
    metadata = {key: data["metadata"].get(key) for key in ("labels", "annotations", "finalizers")}
    content = {key: value for key, value in data.items() if key not in ("metadata", "status")}
    owned = OWNED_BY_OTHERS.get(data["kind"])
    if owned and isinstance(content.get(owned[0]), dict):
        content[owned[0]] = {key: value for key, value in content[owned[0]].items() if key != owned[1]}
    return {**content, "metadata": metadata}


def _unequal(wanted: Any, live: Any, path: str = "") -> list[str]:
    if isinstance(wanted, dict) and isinstance(live, dict):
        return [
            line
            for key in sorted({*wanted, *live})
            for line in _unequal(wanted.get(key), live.get(key), f"{path}.{key}")
        ]
    if isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        return [
            line
            for index, (one, other) in enumerate(zip(wanted, live, strict=True))
            for line in _unequal(one, other, f"{path}[{index}]")
        ]
    return [] if wanted == live else [f"{path}: {live!r} instead of {wanted!r}"]
