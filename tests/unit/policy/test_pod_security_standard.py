"""The Pod Security rules against the verdicts of the real admission controller, for every version.

`pod_security_verdicts.jsonl` holds generated pods and the checks that each of them fails, according to
policy.DefaultChecks of k8s.io/pod-security-admission v0.37.2; a key "1.29" applies until the next key. The
upstream fixtures are not part of this repository; set KUSTODIAN_CORPUS to a folder that has them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.environment import Environment
from kustodian.model.manifest import Manifest
from kustodian.policy.rule import Context, PodRule
from kustodian.policy.rules.pod_security import RULES

VERSIONS = [(1, minor) for minor in range(25, 38)]
STANDARD = [
    rule
    for rule in RULES
    if isinstance(rule, PodRule) and {"pss-baseline", "pss-restricted"} & set(rule.tags)
]
BASELINE = {rule.id for rule in STANDARD if "pss-baseline" in rule.tags}

#: Our rules for each check of the admission controller: the check fails if one of them finds something.
RULES_OF_CHECK = {
    "privileged": {"privileged-container"},
    "hostNamespaces": {"host-namespaces"},
    "hostPathVolumes": {"host-path-volume"},
    "hostPorts": {"host-port"},
    "windowsHostProcess": {"host-process"},
    "capabilities_baseline": {"added-capabilities"},
    "appArmorProfile": {"apparmor-override"},
    "seLinuxOptions": {"selinux-options"},
    "procMount": {"unmasked-proc-mount"},
    "seccompProfile_baseline": {"seccomp-unconfined"},
    "sysctls": {"unsafe-sysctls"},
    "hostProbesAndHostLifecycle": {"host-probe-target"},
    "restrictedVolumes": {"restricted-volume-types", "host-path-volume"},
    "allowPrivilegeEscalation": {"privilege-escalation"},
    "runAsNonRoot": {"run-as-non-root"},
    "runAsUser": {"run-as-root-user"},
    "seccompProfile_restricted": {"seccomp-not-set", "seccomp-unconfined"},
    "capabilities_restricted": {"capabilities-not-dropped", "added-capabilities"},
    "procMount_restricted": {"unmasked-proc-mount-in-user-namespace", "unmasked-proc-mount"},
}
#: The first version that has the check at all.
SINCE = {"procMount_restricted": (1, 35)}


def findings(manifest: Manifest, version: tuple[int, int]) -> set[str]:
    """The ids of the standard's rules that find something in any pod template of the manifest."""
    context = Context(Environment(), version, (), {})
    return {rule.id for rule in STANDARD for pod in pods_of(manifest) if list(rule.check(pod, context))}


@cache
def verdicts() -> list[dict[str, Any]]:
    lines = (Path(__file__).parent / "pod_security_verdicts.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def failed_checks(verdict: dict[str, Any], version: tuple[int, int]) -> set[str]:
    """The checks that the admission controller failed for that version: those of the last key that is not newer."""
    verdicts_by_version = [
        (tuple(map(int, key.split("."))), failed) for key, failed in verdict["failed"].items()
    ]
    return set(max((key, failed) for key, failed in verdicts_by_version if key <= version)[1])


def test_every_rule_of_the_standard_belongs_to_a_check() -> None:
    assert set.union(*RULES_OF_CHECK.values()) == {rule.id for rule in STANDARD}


def test_the_verdicts_cover_every_check_and_every_change_of_the_standard() -> None:
    checks, changes = set(), set()
    for verdict in verdicts():
        checks.update(*verdict["failed"].values())
        changes.update(list(verdict["failed"])[1:])
    assert checks == set(RULES_OF_CHECK)
    assert changes == {"1.27", "1.29", "1.31", "1.32", "1.34", "1.35", "1.37"}


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: f"1.{version[1]}")
def test_each_check_agrees_with_the_admission_controller(version: tuple[int, int]) -> None:
    for verdict in verdicts():
        manifest = Manifest({"apiVersion": "v1", "kind": "Pod", **verdict})
        ours, theirs = findings(manifest, version), failed_checks(verdict, version)
        for check, rules in RULES_OF_CHECK.items():
            if version >= SINCE.get(check, version):
                assert bool(ours & rules) == (check in theirs), (check, verdict, ours)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: f"1.{version[1]}")
def test_each_level_agrees_with_the_admission_controller(version: tuple[int, int]) -> None:
    baseline_checks = {check for check, rules in RULES_OF_CHECK.items() if rules <= BASELINE}
    admitted = {"baseline": 0, "restricted": 0}
    for verdict in verdicts():
        manifest = Manifest({"apiVersion": "v1", "kind": "Pod", **verdict})
        ours, theirs = findings(manifest, version), failed_checks(verdict, version)
        refused_by_baseline, refused_by_restricted = bool(theirs & baseline_checks), bool(theirs)
        assert bool(ours & BASELINE) == refused_by_baseline, verdict
        assert bool(ours) == refused_by_restricted, verdict
        admitted["baseline"] += not refused_by_baseline
        admitted["restricted"] += not refused_by_restricted
    assert 0 < admitted["restricted"] < admitted["baseline"] < len(verdicts())


@pytest.mark.parametrize(
    ("kind", "wrap"),
    [
        ("apps/v1 Deployment", lambda pod: {"template": pod}),
        ("batch/v1 CronJob", lambda pod: {"jobTemplate": {"spec": {"template": pod}}}),
        ("argoproj.io/v1alpha1 Rollout", lambda pod: {"template": pod}),
    ],
    ids=["Deployment", "CronJob", "Rollout"],
)
def test_findings_do_not_depend_on_the_owner_of_the_pod_template(kind: str, wrap: Any) -> None:
    api_version, _, name = kind.partition(" ")
    for verdict in verdicts()[::5]:
        pod = {"metadata": verdict["metadata"], "spec": verdict["spec"]}
        owner = Manifest({"apiVersion": api_version, "kind": name, "spec": wrap(pod)})
        alone = Manifest({"apiVersion": "v1", "kind": "Pod", **pod})
        assert findings(owner, (1, 36)) == findings(alone, (1, 36))


@pytest.mark.parametrize("nonsense", ["text", 7, True, ["text"], [7], [[]], {"x": []}, [{"name": {}}], None])
def test_no_rule_raises_on_fields_of_the_wrong_type(nonsense: object) -> None:
    for verdict in verdicts()[::16]:
        for spec in _spoiled(verdict["spec"], nonsense):
            manifest = Manifest({"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": spec})
            findings(manifest, (1, 37))


def _spoiled(value: Any, nonsense: object) -> Iterator[Any]:
    """Copies of the value, each with one part replaced by nonsense."""
    yield nonsense
    if isinstance(value, dict):
        for key, child in value.items():
            yield from ({**value, key: spoiled} for spoiled in _spoiled(child, nonsense))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            for spoiled in _spoiled(child, nonsense):
                yield [*value[:index], spoiled, *value[index + 1 :]]


if corpus := os.environ.get("KUSTODIAN_CORPUS"):

    def upstream_fixtures() -> list[Path]:
        paths = sorted(Path(corpus).glob("pod-security/v1.*/*/*/*.yaml"))
        assert paths, f"KUSTODIAN_CORPUS holds no pod-security fixtures: {corpus}"
        return paths

    @pytest.mark.parametrize("path", upstream_fixtures(), ids=lambda path: "/".join(path.parts[-4:]))
    def test_upstream_fixture(path: Path) -> None:
        """A fail file has a finding of its level, a pass file has none; Restricted includes Baseline."""
        folder, level, label = path.parts[-4:-1]
        version = (1, int(folder.removeprefix("v1.")))
        ours = findings(Manifest(YAML(typ="safe").load(path.read_text())), version)
        of_level = ours & BASELINE if level == "baseline" else ours
        assert bool(of_level) == (label == "fail"), ours
