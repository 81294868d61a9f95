"""Short ways to write the objects that the tests of this folder look at."""

from __future__ import annotations

from typing import Any

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.manifest import Manifest


def manifest(
    api_version: str, kind: str, spec: object = None, /, name: str = "m", namespace: str = "", **more: Any
) -> Manifest:
    """An object; `more` are further fields of its metadata (`labels`, `annotations`)."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **more}
    return Manifest({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})


def template(labels: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """A pod template with one container, unless `spec` has others."""
    return {"metadata": {"labels": labels or {}}, "spec": {"containers": [{"name": "c"}], **spec}}


def deployment(
    name: str = "m", namespace: str = "", labels: dict[str, Any] | None = None, **spec: Any
) -> Manifest:
    """A Deployment whose pods have these labels and whose pod spec has these fields."""
    return manifest(
        "apps/v1", "Deployment", {"template": template(labels, **spec)}, name=name, namespace=namespace
    )


def pod(**spec: Any) -> PodTemplate:
    """The pod of a `kind: Pod` with this spec."""
    return pods_of(manifest("v1", "Pod", {"containers": [{"name": "c"}], **spec}))[0]


def objects(*manifests: Manifest) -> ObjectSet:
    """An overlay of these objects."""
    return ObjectSet(list(manifests))
