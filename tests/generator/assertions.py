"""What has to hold in every generated repository. Each function yields a sentence for each thing that does not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import yaml

from kustodian.model.installed_files import engine_binary
from kustodian.schemas.registry import Schemas
from tests.generator.repositories import Objects, Repository, of
from tests.generator.traces import (
    links_lead_somewhere,
    no_trace_of_what_was_not_chosen,
    no_word_of_what_was_not_chosen,
)

_DIGEST: Final = re.compile(r"@sha256:[0-9a-f]{64}\Z")
_DEPRECATED: Final = (
    "bases", "commonLabels", "helmChartInflationGenerator", "imageTags", "patchesJson6902", "patchesStrategicMerge", "vars",
)  # fmt: skip
_DEVICES: Final = ("nvidia.com/", "amd.com/")
_REMOTE: Final = {"conversionStrategy", "decodingStrategy", "metadataPolicy"}
_KUSTOMIZE_KINDS: Final = {"kustomize.config.k8s.io/Kustomization"}

Assertion = Callable[[Repository], Iterator[str]]


def no_replicas_under_an_autoscaler(repository: Repository) -> Iterator[str]:
    """What an HPA or ScaledObject scales says no number of its own, and exactly one of the two scales it."""
    answers = repository.answers
    wanted = int(answers.autoscaling != "none" and answers.runtime != "kserve")  # KServe makes its own
    for environment, objects in repository.objects.items():
        targets = [item["spec"]["scaleTargetRef"] for item in of(objects, *_AUTOSCALERS)]
        if len(targets) != wanted:
            yield f"{environment}: {len(targets)} autoscalers"
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
            if names != sorted(names, reverse=True) or ("cpu" in names and "memory" not in names):
                yield f"{environment}: metrics are {names}"


def nothing_in_or_out_unless_allowed(repository: Repository) -> Iterator[str]:
    """Default deny, DNS over both protocols, and an explicit way in to the servers."""
    for name, objects in repository.everything.items():
        if name == "velero":  # Velero's own namespace is the platform team's
            continue
        specs = [item["spec"] for item in of(objects, "NetworkPolicy")]
        everyone = [spec for spec in specs if not spec["podSelector"]]
        denies = [spec for spec in everyone if not spec.get("ingress") and not spec.get("egress")]
        if not any(sorted(spec["policyTypes"]) == ["Egress", "Ingress"] for spec in denies):
            yield f"{name}: no default deny"
        if not any(_opens_dns(rule) for spec in everyone for rule in spec.get("egress", [])):
            yield f"{name}: no DNS"
        for rule in (rule for spec in specs for rule in spec.get("ingress", [])):
            peers = rule.get("from", [{}])
            if {} in peers or {"namespaceSelector": {}} in peers:
                yield f"{name}: anybody may call something"
            if not rule.get("ports") and not all(list(peer) == ["podSelector"] for peer in peers):
                yield f"{name}: another namespace may call any port"
    for environment, objects in repository.objects.items():
        specs = [item["spec"] for item in of(objects, "NetworkPolicy")]
        ways_in = [
            spec for spec in specs if spec["podSelector"] == {"matchLabels": _server_labels(repository)}
        ]
        if not any(spec.get("ingress") for spec in ways_in):
            yield f"{environment}: nobody may call the servers"


def _opens_dns(rule: dict[str, Any]) -> bool:
    """Whether a rule lets names be resolved, by the cluster's DNS and by the node's cache, over UDP and TCP."""
    ports = {(port["protocol"], port["port"]) for port in rule["ports"]}
    dns = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    peers = rule.get("to", [])
    return (
        ports == {("UDP", 53), ("TCP", 53)}
        and dns in peers
        and {"ipBlock": {"cidr": "169.254.20.10/32"}} in peers
    )


def _server_labels(repository: Repository) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": repository.answers.model_name,
        "app.kubernetes.io/component": "server",
    }


def prod_by_digest(repository: Repository) -> Iterator[str]:
    """Outside of dev every image, and every image volume, is named by digest; add-ons serve prod as well."""
    for name, objects in repository.everything.items():
        environment = repository.answers.environments.get(name)
        if environment is not None and environment.environment_class == "dev":
            continue
        for item in objects:
            for image in _images(item):
                if not _DIGEST.search(image):
                    yield f"{name}: {_key(item)} has the image {image}"


def no_deprecated_kustomize_field(repository: Repository) -> Iterator[str]:
    """No field that kustomize has replaced."""
    for path, data in repository.kustomizations():
        for field in _DEPRECATED:
            if field in data:
                yield f"{path} has {field}"


def no_unserved_api_version(repository: Repository) -> Iterator[str]:
    """Every object is of a version that Kubernetes, or the project that defines its kind, still serves."""
    index = engine_binary().parent / "crds" / "index.json"
    shipped = json.loads(index.read_text(encoding="utf-8"))["kinds"]
    own = {
        (definition["spec"]["group"], version["name"], definition["spec"]["names"]["kind"])
        for path in sorted((repository.root / "schemas").glob("*.yaml"))
        for definition in [yaml.safe_load(path.read_text(encoding="utf-8"))]
        for version in definition["spec"]["versions"]
    }
    schemas = Schemas(repository.answers.kubernetes_version)
    argo_cd = [item for _, item in repository.yaml_files()]
    for name, objects in {**repository.everything, "argocd": argo_cd}.items():
        for item in objects:
            group, _, version = item["apiVersion"].rpartition("/")
            custom = shipped.get(f"{group}/{item['kind']}", {"versions": {}})["versions"]
            if not (
                custom.get(version, {}).get("served")
                or (group, version, item["kind"]) in own
                or schemas.is_builtin(item["apiVersion"], item["kind"])
                or f"{group}/{item['kind']}" in _KUSTOMIZE_KINDS
            ):
                yield f"{name}: {item['apiVersion']} {item['kind']} is not served"


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
            vendor = "amd.com/gpu" if repository.answers.accelerator == "amd" else "nvidia.com/gpu"
            tolerations = pod.get("tolerations", [])
            if not any(toleration["key"] == vendor for toleration in tolerations):
                yield f"{environment}: no toleration of {vendor}"
            if not all(toleration["operator"] == "Exists" for toleration in tolerations):
                yield f"{environment}: a toleration of one value"
            probe = container["startupProbe"]
            if probe["periodSeconds"] * probe["failureThreshold"] < 300:
                yield f"{environment}: less than five minutes to start"
            if rolling["maxSurge"] != 0:
                yield f"{environment}: maxSurge is {rolling['maxSurge']}"
        for item in of(objects, "Rollout"):
            canary = item["spec"]["strategy"].get("canary")
            if wanted and canary is not None and not canary.get("dynamicStableScale"):
                yield f"{environment}: a canary would take twice the GPUs"


def no_secret_with_data(repository: Repository) -> Iterator[str]:
    """No value of a Secret is in the repository, rendered or in a file."""
    for name, objects in repository.everything.items():
        for item in of(objects, "Secret"):
            if item.get("data") or item.get("stringData"):
                yield f"{name}: Secret {item['metadata']['name']} has data"
    for file in sorted(repository.root.rglob("*.yaml")):
        if re.search(r"^kind: Secret$", file.read_text(encoding="utf-8"), re.MULTILINE):
            yield f"{file.relative_to(repository.root)} is a Secret"
    for path, data in repository.kustomizations():
        if "secretGenerator" in data:
            yield f"{path} generates a Secret"


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
        # The overlays have namespaces and volumes that a person has to confirm; the controller would take the note away.
        preserved = spec.get("preservedFields", {}).get("annotations", [])
        if (
            "overlays/" in json.dumps(spec["generators"])
            and "argocd.argoproj.io/deletion-approved" not in preserved
        ):
            yield "nobody can confirm a deletion"


def defaults_are_written_out(repository: Repository) -> Iterator[str]:
    """What the API server would fill in stands in git, or Argo CD sees a difference for ever.

    The defaults are those of the CustomResourceDefinitions (external-secrets 1.3, Gateway API 1.6).
    """
    for name, objects in repository.everything.items():
        for item in of(objects, "ExternalSecret"):
            spec = item["spec"]
            parts: list[tuple[set[str], dict[str, Any]]] = [
                ({"refreshInterval", "secretStoreRef", "target"}, spec),
                ({"kind", "name"}, spec.get("secretStoreRef", {})),
                ({"creationPolicy", "deletionPolicy"}, spec.get("target", {})),
                *((_REMOTE, entry["remoteRef"]) for entry in spec["data"]),
            ]
            yield from (
                f"{name}: {_key(item)}: {fields - set(part)}" for fields, part in parts if fields - set(part)
            )
        for item in of(objects, "HTTPRoute"):
            parts = [({"group", "kind"}, parent) for parent in item["spec"]["parentRefs"]]
            for rule in item["spec"]["rules"]:
                parts += [({"matches", "backendRefs"}, rule)]
                parts += [({"type", "value"}, match.get("path", {})) for match in rule.get("matches", [])]
                parts += [({"group", "kind", "weight"}, backend) for backend in rule["backendRefs"]]
            yield from (
                f"{name}: {_key(item)}: {fields - set(part)}" for fields, part in parts if fields - set(part)
            )


def disruption_budgets_leave_room(repository: Repository) -> Iterator[str]:
    """A budget only where two servers or more always run, and then one may go; the same for add-ons."""
    for environment, objects in repository.objects.items():
        budgets = [item["spec"] for item in of(objects, "PodDisruptionBudget")]
        replicated = repository.answers.environments[environment].replicas_min > 1
        if bool(budgets) != replicated:
            yield f"{environment}: {len(budgets)} budgets"
        if any(spec["selector"] != {"matchLabels": _server_labels(repository)} for spec in budgets):
            yield f"{environment}: the budget is not the servers'"
    for addon, objects in repository.addons.items():
        covered = [item["spec"]["selector"] for item in of(objects, "PodDisruptionBudget")]
        for item in of(objects, "Deployment"):
            if (item["spec"]["replicas"] > 1) != (item["spec"]["selector"] in covered):
                yield f"{addon}: {_key(item)} and its budget"
    for name, objects in repository.everything.items():
        for item in of(objects, "PodDisruptionBudget"):
            spec = item["spec"]
            if spec.get("maxUnavailable") != 1 or "minAvailable" in spec:
                yield f"{name}: the budget leaves no room"
            if spec.get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
                yield f"{name}: a broken pod holds its node"


def no_url_in_a_kustomization(repository: Repository) -> Iterator[str]:
    """Rendering needs no network."""
    for path, data in repository.kustomizations():
        for text in _texts(data):
            if "//" in text or "?ref=" in text or text.startswith("git@") or text.endswith(".git"):
                yield f"{path}: {text}"
        if data.get("helmCharts") or data.get("helmChartInflationGenerator"):
            yield f"{path} inflates a chart"


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from _texts(value)
    elif isinstance(node, str):
        yield node


#: What kustodian.yaml may switch off, and in which answers; each place says why.
TOLERATED: Final = {
    "exposed-service-type": "exposure node-port",
    "host-path-volume": "logging",
    "namespace-without-pod-security-label": "logging",
    "role-creates-workloads": "pipeline spark",
    "run-as-non-root": "logging",
    "run-as-root-user": "logging",
    "single-replica": "tracing",
}


def nothing_else_is_tolerated(repository: Repository) -> Iterator[str]:
    """No rule is off but those above, there where their answer needs it, and nothing is waived."""
    answers = repository.answers.model_dump(by_alias=True)
    configuration = repository.configuration()
    if configuration["waivers"]:
        yield "kustodian.yaml has waivers"
    for name, settings in configuration["environments"].items():
        for rule, severity in settings.get("severity", {}).items():
            question, _, choice = TOLERATED.get(rule, "").partition(" ")
            fits = answers.get(question) == choice if choice else name == f"platform-{question}"
            if severity != "off" or not fits:
                yield f"kustodian.yaml: {name} has {rule}: {severity}"


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
    no_word_of_what_was_not_chosen,
    nothing_else_is_tolerated,
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
