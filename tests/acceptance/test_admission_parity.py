"""The exported admission policies and the rules they come from say the same, on a real API server.

Every fixture object of an exported rule is created in a dry run. The policies are bound with the action Warn,
so that one answer names every policy that the object breaks; that Deny refuses is tested on the bundle itself.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from kustodian.model.environment import Environment, EnvironmentClass
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import Overlay, RenderedOverlay
from kustodian.policy.admission.bundle import NOT_EXPORTED, bundle, expressions, why_not
from kustodian.policy.catalogue import all_rules, by_id
from kustodian.policy.evaluate import Evaluator
from kustodian.policy.rule import ObjectRule, PodRule
from kustodian.policy.settings import RuleSettings, Settings
from tests.acceptance.cluster import Cluster
from tests.rules.fixtures import Fixture, file_fixtures
from tests.rules.test_rules import frozen, hits_of
from tests.support.peers import ROOT

#: Objects on which the two must differ: the API server changes them first, or CEL cannot express it.
KNOWN_DIFFERENCES = {
    ("host-port", '"hostNetwork": true'): "with hostNetwork the API server sets hostPort to containerPort",
    (
        "cross-namespace-subject",
        '"name": "applied-anywhere"',
    ): "an object gets the namespace it is created in",
    ("allow-all-network-policy", '"halves"'): "CEL has no union of address blocks; it looks at each alone",
}


def pod(**spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "registry.example.com/x:1"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "extra"},
        "spec": {"containers": [container], **spec},
    }


#: Objects that the API server takes, for rules whose fixtures it refuses by itself on one side.
EXTRA: dict[str, list[dict[str, Any]]] = {
    "apparmor-override": [pod(securityContext={"appArmorProfile": {"type": "RuntimeDefault"}})],
    "seccomp-unconfined": [pod(securityContext={"seccompProfile": {"type": "Unconfined"}})],
    "restricted-volume-types": [pod(volumes=[{"name": "a", "emptyDir": {}}])],
    "host-process": [
        pod(
            hostNetwork=True,
            os={"name": "windows"},
            securityContext={"windowsOptions": {"hostProcess": True}},
        )
    ],
    "privileged-container": [
        pod(initContainers=[{"name": "i", "image": "x:1", "securityContext": {"privileged": True}}])
    ],
}
#: Kinds of custom resources that fixtures use; any content will do.
CRDS = (
    ("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects"),
    ("argoproj.io", "v1alpha1", "Rollout", "rollouts"),
)


def crd(group: str, version: str, kind: str, plural: str) -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group, "scope": "Namespaced", "names": {"kind": kind, "plural": plural},
            "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A fixture object, whether its rule flags it, and the policy that has to agree."""

    rule: str
    fixture: str
    data: dict[str, Any]
    flagged: bool
    policy: str


def settings_of(fixture: Fixture) -> Settings:
    options = fixture.config.get("options", {})
    return Settings(
        version=fixture.config.get("kubernetesVersion", "1.34"),
        registries=tuple(fixture.config.get("registries", ())),
        cpu_limits=options.get("policy", "ignore"),
        rules={fixture.rule: RuleSettings(options={k: frozen(v) for k, v in options.items()})},
    )


def cases_and_policies() -> tuple[list[Case], list[dict[str, Any]]]:
    cases: list[Case] = []
    policies: dict[str, dict[str, Any]] = {}
    for fixture in file_fixtures():
        rule = by_id()[fixture.rule]
        if not isinstance(rule, ObjectRule | PodRule):
            continue
        settings = settings_of(fixture)
        if fixture.rule not in expressions(all_rules(), settings):
            continue
        key = json.dumps(
            [settings.version, settings.registries, settings.cpu_limits, fixture.config.get("options")]
        )
        name = f"{fixture.rule}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
        if name not in policies:
            wanted = f"kustodian-{fixture.rule}"
            item = next(o for o in bundle(all_rules(), settings, []) if o["metadata"]["name"] == wanted)
            policies[name] = item | {"metadata": item["metadata"] | {"name": name}}
        hits, manifests = hits_of(fixture)
        flagged = {id(hit.manifest) for hit in hits}
        cases += [
            Case(fixture.rule, fixture.id, manifest.data, id(manifest) in flagged, name)
            for manifest in manifests
        ]
    for rule_id, objects in EXTRA.items():
        rule, policy = by_id()[rule_id], next(case.policy for case in cases if case.rule == rule_id)
        for data in objects:
            rendered = RenderedOverlay(
                Overlay("extra", Environment("prod", EnvironmentClass.PROD)), [Manifest(data)]
            )
            flagged_extra = bool(Evaluator([rule], Settings()).evaluate_overlay(rendered))
            cases.append(Case(rule_id, "extra", data, flagged_extra, policy))
    return cases, list(policies.values())


#: Which policy an object is for. The API server cuts long lists of warnings, so one object gets one at most.
_ASKED = "acceptance.kustodian.dev/policy"


def binding(policy: str) -> dict[str, Any]:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": policy},
        "spec": {
            "policyName": policy,
            "validationActions": ["Warn"],
            "matchResources": {"objectSelector": {"matchLabels": {_ASKED: policy}}},
        },
    }


def prepared(data: dict[str, Any], number: int) -> dict[str, Any]:
    """The object with what the API server asks for and fixtures leave out, under a name of its own."""
    copy: dict[str, Any] = json.loads(json.dumps(data))
    metadata = copy.setdefault("metadata", {})
    if copy["kind"] not in ("Namespace",):
        metadata["name"] = f"{metadata.get('name') or 'object'}-{number}".replace(":", "-").lower()
    spec = copy.get("spec") or {}
    if copy["kind"] == "CronJob":
        spec.setdefault("schedule", "@daily")
        spec = spec.get("jobTemplate", {}).get("spec", {})
    pod = spec if copy["kind"] == "Pod" else spec.get("template", {}).get("spec")
    if copy["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"):
        selector = spec.setdefault("selector", {"matchLabels": {"app": "x"}})
        labels = spec.setdefault("template", {}).setdefault("metadata", {}).setdefault("labels", {})
        labels |= selector.get("matchLabels", {})
    if copy["kind"] in ("Job", "CronJob") and isinstance(pod, dict):
        pod.setdefault("restartPolicy", "Never")
    if isinstance(pod, dict):
        for field in ("containers", "initContainers"):
            for index, container in enumerate(pod.get(field) or ()):
                container.setdefault("name", f"{field[0]}{index}")
                container.setdefault("image", "registry.example.com/x:1")
        pod.setdefault("containers", [{"name": "c0", "image": "registry.example.com/x:1"}])
    if copy["kind"] == "Service":
        spec.setdefault("ports", [{"port": 80}])
        spec.pop("clusterIP", None)
    return copy


@dataclass
class Verdicts:
    """What the API server said of each case: agreed, differed, or could not be asked."""

    agreed: dict[str, set[bool]]
    differed: list[str]
    not_asked: list[str]


@pytest.fixture(scope="module")
def verdicts(cluster: Cluster) -> Verdicts:
    cases, policies = cases_and_policies()
    for names in CRDS:
        assert cluster.create(crd(*names)).status == 201
        kind = {"apiVersion": f"{names[0]}/{names[1]}", "kind": names[2]}
        cluster.wait(f"the API of {names[2]}", lambda kind=kind: cluster.knows(kind))
    refused = []
    for policy in policies:
        for item in (policy, binding(policy["metadata"]["name"])):
            answer = cluster.create(item)
            if answer.status != 201:
                refused.append(f"{item['kind']} {item['metadata']['name']}: {answer.message}")
    assert not refused, "\n".join(refused)
    namespaces = {case.data.get("metadata", {}).get("namespace") for case in cases} - {None}
    for name in namespaces:
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    sentinel = next(
        case for case in cases if case.policy == policies[-1]["metadata"]["name"] and case.flagged
    )
    cluster.wait(
        "the policies",
        lambda: warned(cluster, sentinel, 0) is not None and bool(warned(cluster, sentinel, 0)),
    )
    found = Verdicts(defaultdict(set), [], [])
    for number, case in enumerate(cases):
        said = warned(cluster, case, number)
        if said is None:
            found.not_asked.append(
                f"{case.fixture}: {case.data.get('kind')} {case.data.get('metadata', {}).get('name')}"
            )
        elif (case.policy in said) is case.flagged:
            found.agreed[case.rule].add(case.flagged)
        elif not is_known_difference(case):
            found.differed.append(
                f"{case.fixture}: {case.data['kind']} {case.data['metadata'].get('name')}: "
                f"the rule {'flags' if case.flagged else 'passes'} it, the policy does not agree {said.get(case.policy, '')}"
            )
    return found


def is_known_difference(case: Case) -> bool:
    text = json.dumps(case.data)
    return any(case.rule == rule and mark in text for rule, mark in KNOWN_DIFFERENCES)


def warned(cluster: Cluster, case: Case, number: int) -> dict[str, str] | None:
    """The policies that the object breaks; None where the API server refuses it for reasons of its own."""
    if not cluster.knows(case.data):
        return None
    data = prepared(case.data, number)
    data["metadata"]["labels"] = {**(data["metadata"].get("labels") or {}), _ASKED: case.policy}
    answer = cluster.create(data, dry_run=True, strict=False)
    if answer.status not in (200, 201):
        return None
    return {
        warning.split("ValidatingAdmissionPolicy '")[1].split("'")[0]: warning
        for warning in answer.warnings
        if "ValidatingAdmissionPolicy '" in warning
    }


def test_the_api_server_agrees_with_every_rule_both_ways(verdicts: Verdicts) -> None:
    assert not verdicts.differed, "\n".join(verdicts.differed)


def test_every_exported_rule_was_asked_both_ways(verdicts: Verdicts) -> None:
    exported = {case.rule for case in cases_and_policies()[0]}
    assert len(exported) >= 45
    one_sided = {rule: sorted(verdicts.agreed[rule]) for rule in exported if len(verdicts.agreed[rule]) < 2}
    assert not one_sided, f"{one_sided}\nnot asked:\n" + "\n".join(verdicts.not_asked)


def test_every_rule_about_one_object_is_exported_or_says_why_not() -> None:
    exported = expressions(all_rules(), Settings())
    for rule in all_rules():
        reason = why_not(rule, exported)
        assert (reason is None) == (rule.id in exported)
    assert not set(NOT_EXPORTED) & set(exported)
    assert set(NOT_EXPORTED) <= {rule.id for rule in all_rules()}


def test_the_committed_bundle_refuses_an_object_of_every_rule_that_is_an_error_in_prod(
    cluster: Cluster, verdicts: Verdicts
) -> None:
    """What the bundle leaves alone, the default repository among it, is in test_admission_bundle.py."""
    del verdicts  # its CRDs
    # Without the labels of the Pod Security admission, which would refuse pods before any policy is asked.
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "iris-prod"}})
    committed = [
        item
        for name in ("policies.yaml", "bindings.yaml")
        for item in yaml.safe_load_all((ROOT / "policies" / "admission" / name).read_text())
    ]
    for item in committed:
        answer = cluster.create(item)
        assert answer.status == 201, f"{item['metadata']['name']}: {answer.message}"
    denying = {
        item["spec"]["policyName"]
        for item in committed
        if item["kind"].endswith("Binding")
        and item["metadata"]["name"].endswith("-prod")
        and item["spec"]["validationActions"] == ["Deny"]
    }
    assert len(denying) > 25
    flagged: dict[str, list[Case]] = {}
    for case in cases_and_policies()[0]:
        name = f"kustodian-{case.rule}"
        if case.flagged and name in denying and cluster.knows(case.data):
            flagged.setdefault(name, []).append(case)
    unrefused = []
    cluster.wait(
        "the bundle",
        lambda: _refused(cluster, flagged["kustodian-unpinned-image"]),
    )
    for name in sorted(denying):
        # Options of a fixture may differ from the default configuration: one refused object shows it.
        if not _refused(cluster, flagged.get(name, [])):
            unrefused.append(name)
    assert unrefused == []


def _refused(cluster: Cluster, cases: list[Case]) -> bool:
    for number, case in enumerate(cases):
        data = prepared(case.data, number)
        # The bundle only warns of objects in no namespace; a Namespace is the one that it is about.
        data["kind"] = data["kind"].removeprefix("Cluster")
        data["metadata"]["namespace" if cluster.is_namespaced(data) else "name"] = "iris-prod"
        answer = cluster.create(data, dry_run=True, strict=False)
        # Of several policies that refuse, the API server names one.
        if answer.status in (403, 422) and "ValidatingAdmissionPolicy 'kustodian-" in answer.message:
            return True
    return False
