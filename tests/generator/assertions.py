"""What has to hold in every generated repository. Each function yields a sentence for each thing that does not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from kustodian.model.resources import schema_dir
from tests.generator.repositories import Objects, Repository, of

_DIGEST: Final = re.compile(r"@sha256:[0-9a-f]{64}\Z")
_DEPRECATED: Final = (
    "bases", "commonLabels", "imageTags", "patchesJson6902", "patchesStrategicMerge", "vars",
)  # fmt: skip
_DEVICES: Final = ("nvidia.com/", "amd.com/")

Assertion = Callable[[Repository], Iterator[str]]


def no_replicas_under_an_autoscaler(repository: Repository) -> Iterator[str]:
    """What an HPA or ScaledObject scales says no number of its own."""
    for environment, objects in repository.objects.items():
        targets = [item["spec"]["scaleTargetRef"] for item in of(objects, *_AUTOSCALERS)]
        for item in objects:
            if any((t["kind"], t["name"]) == _key(item) for t in targets) and "replicas" in item["spec"]:
                yield f"{environment}: {_key(item)} has replicas"
        for target in targets:
            if not any(_key(item) == (target["kind"], target["name"]) for item in objects):
                yield f"{environment}: the autoscaler's target {target} is not there"


def memory_metric_first(repository: Repository) -> Iterator[str]:
    """The API server stores an HPA's resource metrics with memory first."""
    for environment, objects in repository.objects.items():
        for item in of(objects, "HorizontalPodAutoscaler"):
            names = [m["resource"]["name"] for m in item["spec"]["metrics"] if m["type"] == "Resource"]
            if names and names[0] != "memory":
                yield f"{environment}: metrics are {names}"


def nothing_in_or_out_unless_allowed(repository: Repository) -> Iterator[str]:
    """Default deny, DNS over both protocols, and an explicit way in to the servers."""
    for environment, objects in repository.objects.items():
        specs = [item["spec"] for item in of(objects, "NetworkPolicy")]
        everyone = [spec for spec in specs if not spec["podSelector"]]
        denies = [spec for spec in everyone if not spec.get("ingress") and not spec.get("egress")]
        if not any(sorted(spec["policyTypes"]) == ["Egress", "Ingress"] for spec in denies):
            yield f"{environment}: no default deny"
        ports = [port for spec in everyone for rule in spec.get("egress", []) for port in rule["ports"]]
        if {(port["protocol"], port["port"]) for port in ports} != {("UDP", 53), ("TCP", 53)}:
            yield f"{environment}: no DNS"
        ways_in = [spec for spec in specs if spec["podSelector"] and spec.get("ingress")]
        if not any(all(rule.get("from") for rule in spec["ingress"]) for spec in ways_in):
            yield f"{environment}: nobody may call the servers"


def prod_by_digest(repository: Repository) -> Iterator[str]:
    """Outside of dev every image, and every image volume, is named by digest."""
    for environment, objects in repository.objects.items():
        if repository.answers.environments[environment].environment_class == "dev":
            continue
        for item in objects:
            for image in _images(item):
                if not _DIGEST.search(image):
                    yield f"{environment}: {_key(item)} has the image {image}"


def no_deprecated_kustomize_field(repository: Repository) -> Iterator[str]:
    """No field that kustomize has replaced."""
    for path, data in repository.kustomizations():
        for field in _DEPRECATED:
            if field in data:
                yield f"{path} has {field}"


def no_unserved_api_version(repository: Repository) -> Iterator[str]:
    """Every custom resource is of a version that its project still serves."""
    kinds = json.loads((schema_dir() / "index.json").read_text(encoding="utf-8"))["kinds"]
    for environment, objects in repository.objects.items():
        for item in objects:
            group, _, version = item["apiVersion"].rpartition("/")
            known = kinds.get(f"{group}/{item['kind']}")
            if known is not None and not known["versions"].get(version, {}).get("served"):
                yield f"{environment}: {item['apiVersion']} {item['kind']} is not served"


def selectors_equal_across_environments(repository: Repository) -> Iterator[str]:
    """A selector cannot change afterwards, and a copy of a file must mean the same everywhere."""
    seen: dict[tuple[str, str], tuple[str, Any]] = {}
    for environment, objects in repository.objects.items():
        for item in objects:
            spec = item.get("spec") or {}
            selector = spec.get("selector", spec.get("podSelector"))
            if selector is None:
                continue
            first, before = seen.setdefault(_key(item), (environment, selector))
            if selector != before:
                yield f"{_key(item)} selects {before} in {first} and {selector} in {environment}"


def gpu_servers_are_placed(repository: Repository) -> Iterator[str]:
    """They tolerate and select their nodes, may start slowly, and ask for no GPU beyond their own to update."""
    for environment, objects in repository.objects.items():
        wanted = repository.answers.environments[environment].gpu
        servers = [item for item in of(objects, "Deployment", "InferenceService") if _is_server(item)]
        if len(servers) != 1:
            yield f"{environment}: {len(servers)} servers"
        for item in servers:
            pod, container, rolling = _parts(item)
            resources = container["resources"]
            asks = bool(resources.get("claims")) or any(k.startswith(_DEVICES) for k in resources["limits"])
            if asks != wanted:
                yield f"{environment}: gpu is {wanted} and the server {'asks' if asks else 'does not ask'}"
            if not asks:
                continue
            if not pod.get("nodeSelector"):
                yield f"{environment}: no node selector"
            if not all(toleration["operator"] == "Exists" for toleration in pod.get("tolerations") or [{}]):
                yield f"{environment}: no toleration"
            probe = container["startupProbe"]
            if probe["periodSeconds"] * probe["failureThreshold"] < 300:
                yield f"{environment}: less than five minutes to start"
            if rolling["maxSurge"] != 0:
                yield f"{environment}: maxSurge is {rolling['maxSurge']}"


def no_secret_with_data(repository: Repository) -> Iterator[str]:
    """No value of a Secret is in the repository."""
    for environment, objects in repository.objects.items():
        for item in of(objects, "Secret"):
            if item.get("data") or item.get("stringData"):
                yield f"{environment}: Secret {item['metadata']['name']} has data"


def projects_without_wildcards(repository: Repository) -> Iterator[str]:
    """No AppProject allows a whole class of things."""
    for path, item in repository.yaml_files():
        if item["kind"] == "AppProject" and "*" in json.dumps(
            {key: value for key, value in item["spec"].items() if key != "description"}
        ):
            yield f"{path} has a wildcard"


def applicationsets_are_careful(repository: Repository) -> Iterator[str]:
    """A misspelt field is an error, and no removal takes running servers with it."""
    found = [item["spec"] for _, item in repository.yaml_files() if item["kind"] == "ApplicationSet"]
    if not found:
        yield "there is no ApplicationSet"
    for spec in found:
        if "missingkey=error" not in spec.get("goTemplateOptions", []):
            yield "missingkey=error is missing"
        policy = spec.get("syncPolicy", {})
        if not policy.get("preserveResourcesOnDeletion") or policy.get("applicationsSync") != "create-update":
            yield "there is no deletion policy"


def defaults_are_written_out(repository: Repository) -> Iterator[str]:
    """What the API server would fill in stands in git, or Argo CD sees a difference for ever."""
    for environment, objects in repository.objects.items():
        for item in of(objects, "ExternalSecret"):
            for entry in item["spec"]["data"]:
                if not {"conversionStrategy", "decodingStrategy", "metadataPolicy"} <= set(
                    entry["remoteRef"]
                ):
                    yield f"{environment}: {_key(item)}"
        for item in of(objects, "HTTPRoute"):
            for rule in item["spec"]["rules"]:
                for backend in rule["backendRefs"]:
                    if not {"group", "kind", "weight"} <= set(backend):
                        yield f"{environment}: {_key(item)}"


def disruption_budgets_leave_room(repository: Repository) -> Iterator[str]:
    """A budget only where two servers or more always run, and then one may go."""
    for environment, objects in repository.objects.items():
        budgets = [item["spec"] for item in of(objects, "PodDisruptionBudget")]
        replicated = repository.answers.environments[environment].replicas_min > 1
        if bool(budgets) != replicated:
            yield f"{environment}: {len(budgets)} budgets"
        if any(spec.get("maxUnavailable") != 1 or "minAvailable" in spec for spec in budgets):
            yield f"{environment}: the budget leaves no room"


def no_url_in_a_kustomization(repository: Repository) -> Iterator[str]:
    """Rendering needs no network."""
    for path, data in repository.kustomizations():
        for field in ("resources", "components", "bases", "crds", "generators", "transformers"):
            for entry in data.get(field) or []:
                if "//" in str(entry) or "?ref=" in str(entry) or ".git" in str(entry):
                    yield f"{path}: {entry}"
        if data.get("helmCharts"):
            yield f"{path} inflates a chart"


def no_trace_of_what_was_not_chosen(repository: Repository) -> Iterator[str]:
    """Components are there because an overlay lists them, and the project allows what is deployed and no more."""
    listed = {
        str(entry).rpartition("/")[2]
        for path, data in repository.kustomizations()
        if path.startswith("overlays/")
        for entry in data["components"]
    }
    there = {path.name for path in (repository.root / "components").iterdir()}
    if listed != there:
        yield f"components listed or there, but not both: {sorted(listed ^ there)}"
    deployed = {
        (item["apiVersion"].rpartition("/")[0], item["kind"])
        for objects in repository.objects.values()
        for item in objects
    }
    for path, item in repository.yaml_files():
        if item["kind"] == "AppProject" and item["metadata"]["name"] == repository.answers.model_name:
            kinds = item["spec"]["namespaceResourceWhitelist"] + item["spec"]["clusterResourceWhitelist"]
            allowed = {(entry["group"], entry["kind"]) for entry in kinds}
            if allowed != deployed:
                yield f"{path}: allowed or deployed, but not both: {sorted(allowed ^ deployed)}"


def links_lead_somewhere(repository: Repository) -> Iterator[str]:
    """No page points at a file that these answers do not bring, and none was left half rendered."""
    for path in sorted(repository.root.rglob("*.md")):
        page = path.read_text(encoding="utf-8")
        name = path.relative_to(repository.root).as_posix()
        for link in re.findall(r"\]\(([^)\s#]+)", page):
            if "://" not in link and not (path.parent / link).exists():
                yield f"{name}: {link}"
        for file in re.findall(r"`((?:base|components|argocd|platform|docs)/[^`<>*{\s]+)`", page):
            if not (repository.root / file).exists():
                yield f"{name}: there is no {file}"
        if re.search(r"\{%|cookiecutter|Undefined", page):
            yield f"{name} is half rendered"


#: The golden renders are the fifteenth of the issue: test_presets.py.
ASSERTIONS: Final[tuple[Assertion, ...]] = (
    no_replicas_under_an_autoscaler,
    memory_metric_first,
    nothing_in_or_out_unless_allowed,
    prod_by_digest,
    no_deprecated_kustomize_field,
    no_unserved_api_version,
    selectors_equal_across_environments,
    gpu_servers_are_placed,
    no_secret_with_data,
    projects_without_wildcards,
    applicationsets_are_careful,
    defaults_are_written_out,
    disruption_budgets_leave_room,
    no_url_in_a_kustomization,
    no_trace_of_what_was_not_chosen,
    links_lead_somewhere,
)
_AUTOSCALERS: Final = ("HorizontalPodAutoscaler", "ScaledObject")


def problems(repository: Repository) -> list[str]:
    """Everything that does not hold, with the name of what it offends, and what `kustodian check` finds."""
    found = [f"check: {finding}" for finding in repository.findings()]
    for assertion in ASSERTIONS:
        found += [f"{assertion.__name__}: {sentence}" for sentence in assertion(repository)]
    return found


def _key(item: dict[str, Any]) -> tuple[str, str]:
    return item["kind"], item["metadata"]["name"]


def _images(node: object) -> Iterator[str]:
    """Every container's image, and every image volume, wherever they lie."""
    if isinstance(node, dict):
        image = node.get("image")
        if isinstance(image, str) and ("name" in node or "modelFormat" in node):
            yield image
        if isinstance(image, dict) and isinstance(image.get("reference"), str):
            yield image["reference"]
        for value in node.values():
            yield from _images(value)
    elif isinstance(node, list):
        for value in node:
            yield from _images(value)


def _is_server(item: dict[str, Any]) -> bool:
    labels = item["metadata"].get("labels", {})
    return bool(labels.get("app.kubernetes.io/component") == "server")


def _parts(item: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Pod, container and rolling update of a server."""
    spec = item["spec"]
    if item["kind"] == "InferenceService":
        predictor = spec["predictor"]
        return predictor, predictor["model"], predictor["deploymentStrategy"]["rollingUpdate"]
    pod = spec["template"]["spec"]
    return pod, pod["containers"][0], spec["strategy"]["rollingUpdate"]


__all__ = ["ASSERTIONS", "Objects", "problems"]
