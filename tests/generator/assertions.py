"""What has to hold in every generated repository. Each function yields a sentence for each thing that does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.generator.gitops_assertions import (
    applicationsets_are_careful,
    defaults_are_written_out,
    no_deprecated_kustomize_field,
    no_unserved_api_version,
    no_url_in_a_kustomization,
    projects_without_wildcards,
)
from tests.generator.repositories import Repository, of, server_labels
from tests.generator.server_assertions import (
    disruption_budgets_leave_room,
    gpu_servers_are_placed,
    memory_metric_first,
    no_replicas_under_an_autoscaler,
    prod_by_digest,
    selectors_equal_across_environments,
)
from tests.generator.traces import (
    links_lead_somewhere,
    no_trace_of_what_was_not_chosen,
    no_word_of_what_was_not_chosen,
)

Assertion = Callable[[Repository], Iterator[str]]


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
            spec for spec in specs if spec["podSelector"] == {"matchLabels": server_labels(repository)}
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
    answers = repository.answers.values()
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


def problems(repository: Repository) -> list[str]:
    """Everything that does not hold, with the name of what it offends, and what `kustodian check` finds."""
    found = [f"check: {finding}" for finding in repository.findings()]
    for assertion in ASSERTIONS:
        found += [f"{assertion.__name__}: {sentence}" for sentence in assertion(repository)]
    return found
