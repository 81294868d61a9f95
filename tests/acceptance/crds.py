"""The CustomResourceDefinitions of other projects, installed in a test's API server.

They come from the Go modules that engine/crds/modules.json pins, unpacked and not compiled, and from the folder that
KUSTODIAN_CRDS names for projects that are not on the module proxy. What is found in neither is named, not passed over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.acceptance.cluster import Cluster
from tests.acceptance.processes import ROOT
from tests.acceptance.programs import module_folder

MODULES = ROOT / "engine" / "crds" / "modules.json"
INDEX = ROOT / "generator" / "kustodian" / "_build" / "crds" / "index.json"
#: Groups whose module is too big for the wheel, and so not in its index.
NOT_IN_THE_WHEEL = {"velero.io": "github.com/vmware-tanzu/velero"}
#: Kinds whose definitions are neither in a module on the proxy nor in KUSTODIAN_CRDS: any field is taken.
#: `group/Kind` -> plural and version. Elastic's licence also keeps ECK's own out of this repository.
WITHOUT_SCHEMA = {
    "elasticsearch.k8s.elastic.co/Elasticsearch": ("elasticsearches", "v1"),
    "kibana.k8s.elastic.co/Kibana": ("kibanas", "v1"),
}
BUILT_IN_GROUPS = {
    "", "admissionregistration.k8s.io", "apps", "autoscaling", "batch", "coordination.k8s.io", "discovery.k8s.io",
    "networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io", "resource.k8s.io",
    "scheduling.k8s.io", "storage.k8s.io", "apiregistration.k8s.io", "apiextensions.k8s.io",
}  # fmt: skip


def group_kind(data: dict[str, Any]) -> str:
    """`group/Kind` of an object; `/Kind` for the core group."""
    version = data["apiVersion"]
    return f"{version.split('/')[0] if '/' in version else ''}/{data['kind']}"


def install(cluster: Cluster, kinds: Iterable[str]) -> set[str]:
    """Install the definitions of the kinds (`group/Kind`) and wait until they are served.

    Returns the kinds that nobody defines here: only the user's own cluster can check those.
    """
    missing = set()
    added = []
    for kind in sorted(set(kinds)):
        if kind.split("/")[0] in BUILT_IN_GROUPS:
            continue
        definition = find(kind)
        if definition is None:
            missing.add(kind)
            continue
        spec = definition["spec"]
        served = [
            {"apiVersion": f"{spec['group']}/{version['name']}", "kind": spec["names"]["kind"]}
            for version in spec["versions"]
            if version["served"]
        ]
        if not all(cluster.knows(version) for version in served):
            # The webhook that converts between versions is in an operator that does not run here.
            unconverted = {**definition, "spec": {**spec, "conversion": {"strategy": "None"}}}
            answer = cluster.create(unconverted, strict=False)
            assert answer.ok or answer.status == 409, f"{kind}: {answer.message}"
            added += served
    cluster.wait("the custom resources", lambda: all(cluster.knows(kind) for kind in added), 60)
    return missing


def find(kind: str) -> dict[str, Any] | None:
    """The definition of a kind (`group/Kind`), if a module or the folder has it."""
    return _find(kind, os.environ.get("KUSTODIAN_CRDS"))


@cache
def _find(kind: str, extra: str | None) -> dict[str, Any] | None:
    group, name = kind.split("/")
    indexed = json.loads(INDEX.read_text())["kinds"].get(kind, {})
    module = indexed.get("module") or NOT_IN_THE_WHEEL.get(group)
    for entry in json.loads(MODULES.read_text())["modules"]:
        if entry["module"] == module:
            folder = module_folder(entry["module"], entry["version"])
            for pattern in [*entry["crds"], *entry.get("onlyNew", [])]:
                for path in sorted(folder.glob(pattern)):
                    if name in path.read_text() and kind in _definitions(path):
                        return _definitions(path)[kind]
    for path in sorted(Path(extra).glob("*.yaml")) if extra else ():
        if kind in _definitions(path):
            return _definitions(path)[kind]
    return _without_schema(kind)


def _without_schema(kind: str) -> dict[str, Any] | None:
    if kind not in WITHOUT_SCHEMA:
        return None
    plural, version = WITHOUT_SCHEMA[kind]
    group, name = kind.split("/")
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"name": version, "served": True, "storage": True, "subresources": {"status": {}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": name, "plural": plural, "singular": name.lower()},
            "scope": "Namespaced",
            "versions": [{**served, "schema": {"openAPIV3Schema": schema}}],
        },
    }


class _Loader(yaml.CSafeLoader):
    """YAML as Kubernetes reads it: `=` and dates are text."""


for _tag in ("value", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", yaml.CSafeLoader.construct_scalar)  # type: ignore[type-var]


@cache
def _definitions(path: Path) -> dict[str, dict[str, Any]]:
    return {f"{item['spec']['group']}/{item['spec']['names']['kind']}": item for item in _documents(path)}


def _documents(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for item in yaml.load_all(file, Loader=_Loader):
            if isinstance(item, dict) and item.get("kind") == "CustomResourceDefinition":
                yield item
