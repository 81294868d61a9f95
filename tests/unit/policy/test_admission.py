"""The admission bundle as text: whole, well formed, and true to the configuration. What it does: tests/acceptance."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kustodian.model.environment import Environment, EnvironmentClass, Severity
from kustodian.model.manifest import Manifest
from kustodian.policy.admission.bundle import NOT_EXPORTED, Target, bundle, expressions, why_not
from kustodian.policy.admission.cel import VARIABLES
from kustodian.policy.catalogue import all_rules
from kustodian.policy.rule import ObjectRule, PodRule
from kustodian.policy.settings import RuleSettings, Settings
from kustodian.schemas.registry import Schemas

CLUSTER_WIDE = {"clusterroles", "clusterrolebindings"}
TARGETS = (
    Target(Environment("dev", EnvironmentClass.DEV), ("iris-dev",)),
    Target(Environment("prod", EnvironmentClass.PROD), ("iris-prod", "iris-prod-batch")),
)


def objects(settings: Settings | None = None, **options: Any) -> dict[str, dict[str, Any]]:
    """The objects of a bundle by name; no two have the same."""
    made = bundle(all_rules(), settings or Settings(), TARGETS, **options)
    by_name = {item["metadata"]["name"]: item for item in made}
    assert len(by_name) == len(made)
    return by_name


def actions(made: dict[str, dict[str, Any]], name: str) -> list[str] | None:
    """The actions of a binding; None where there is none."""
    found: list[str] | None = made[name]["spec"]["validationActions"] if name in made else None
    return found


def test_every_rule_is_exported_or_says_why_not() -> None:
    exported = expressions(all_rules(), Settings())
    for rule in all_rules():
        reason = why_not(rule, exported)
        assert (reason is None) == (rule.id in exported), rule.id
        assert reason is None or "\n" not in reason
    about_one_object = {rule.id for rule in all_rules() if isinstance(rule, ObjectRule | PodRule)}
    assert set(exported) <= about_one_object
    assert set(NOT_EXPORTED) <= about_one_object - set(exported)


@pytest.mark.parametrize("version", ["1.30", "1.34"])
def test_every_object_satisfies_the_schema_of_kubernetes(version: str) -> None:
    schemas = Schemas(version)
    for name, item in objects(Settings(version=version, registries=("registry.example.com",))).items():
        assert schemas.knows(item["apiVersion"], item["kind"])
        assert not schemas.problems(Manifest(item)), name


def test_a_policy_names_its_rule_and_the_fix_in_one_line() -> None:
    made = objects()
    for rule in all_rules():
        if rule.id not in expressions(all_rules(), Settings()):
            continue
        policy = made[f"kustodian-{rule.id}"]
        assert policy["metadata"]["labels"]["kustodian.dev/rule"] == rule.id
        (validation,) = policy["spec"]["validations"]
        assert validation["message"].startswith(f"{rule.id}: ")
        assert rule.manual.fix in validation["message"]
        assert "\n" not in validation["message"]


def test_variables_are_defined_before_they_are_used_and_none_is_idle() -> None:
    for name, item in objects().items():
        if item["kind"] != "ValidatingAdmissionPolicy":
            continue
        known: set[str] = set()
        used: set[str] = set()
        for variable in item["spec"]["variables"]:
            used |= (needs := set(re.findall(r"variables\.(\w+)", variable["expression"])))
            assert needs <= known, name
            known.add(variable["name"])
        used |= set(re.findall(r"variables\.(\w+)", item["spec"]["validations"][0]["expression"]))
        assert used == known, name
    assert len(VARIABLES) == len(set(VARIABLES))


def test_each_binding_holds_in_its_namespaces_with_the_severity_of_its_environment() -> None:
    made = objects()
    assert actions(made, "kustodian-run-as-non-root-dev") == ["Warn", "Audit"]
    assert actions(made, "kustodian-run-as-non-root-prod") == ["Deny"]
    assert actions(made, "kustodian-writable-root-filesystem-dev") is None
    selector = made["kustodian-run-as-non-root-prod"]["spec"]["matchResources"]["namespaceSelector"]
    assert selector["matchExpressions"][0]["values"] == ["iris-prod", "iris-prod-batch"]


def test_the_configuration_decides() -> None:
    changed = objects(
        Settings(
            rules={
                "run-as-non-root": RuleSettings(off=True),
                "host-path-volume": RuleSettings(severity=Severity.WARNING),
            },
        )
    )
    assert actions(changed, "kustodian-run-as-non-root-prod") is None
    assert actions(changed, "kustodian-host-path-volume-prod") == ["Warn", "Audit"]
    assert "kustodian-unapproved-registry" not in objects()
    one = objects(Settings(registries=("registry.example.com/ml",)))["kustodian-unapproved-registry"]
    assert "registry" in one["spec"]["validations"][0]["expression"]


@pytest.mark.parametrize(("deny", "expected"), [(False, ["Warn", "Audit"]), (True, ["Deny"])])
def test_an_environment_says_nothing_about_objects_in_no_namespace(deny: bool, expected: list[str]) -> None:
    made = objects(deny_cluster_wide=deny)
    assert actions(made, "kustodian-wildcard-role--cluster-wide") == expected
    for item in made.values():
        policy = made.get(item["spec"].get("policyName", ""))
        if policy is None:
            continue
        rules = policy["spec"]["matchConstraints"]["resourceRules"]
        names = {name for rule in rules for name in rule["resources"]}
        bound = item["spec"]["matchResources"].get("resourceRules")
        if not names & CLUSTER_WIDE:
            assert bound is None
            continue
        (rule,) = bound
        is_cluster_wide = item["metadata"]["name"].endswith("--cluster-wide")
        assert rule["scope"] == ("Cluster" if is_cluster_wide else "Namespaced")
        assert set(rule["resources"]) == (names & CLUSTER_WIDE if is_cluster_wide else names - CLUSTER_WIDE)


def test_labels_are_on_every_object_and_replace_none_of_ours() -> None:
    for item in objects(labels={"owner": "ml", "kustodian.dev/rule": "x"}).values():
        assert item["metadata"]["labels"]["owner"] == "ml"
        assert item["metadata"]["labels"]["kustodian.dev/rule"] != "x"
