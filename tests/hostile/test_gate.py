"""A change is judged by the rules of its base, whatever it does to its own; what it does to them is a finding."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.harness import Outcome, kustodian, write
from tests.cli.test_base import KUSTOMIZATION, POD, commit, git

CONFIG = """\
kubernetesVersion: "1.33"
failOn: error
registries: [registry.example.com]
environments:
  dev: {paths: [overlays/dev], class: dev}
  prod: {paths: [overlays/prod], class: prod, gpuBudget: 2, severity: {network: error}}
rules:
  missing-standard-labels: {severity: error, labels: [app.kubernetes.io/name]}
exclude: [scratch]
schemas: [schemas]
podTemplates:
  - {group: example.com, kind: Fleet, path: spec.pod}
rego:
  policy: [policies]
  namespaces: [main, extra]
  data: [limits.yaml]
waivers:
  - {rule: no-topology-spread, object: Deployment/web, reason: one node, owner: ml, expires: 2099-01-31, environments: [prod]}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1.0
          securityContext:
            privileged: false
            readOnlyRootFilesystem: false  # kustodian: allow writable-root-filesystem reason=cache owner=ml expires=2099-01-31
        - name: side
          image: registry.example.com/side:1.0
          securityContext:
            privileged: false
            readOnlyRootFilesystem: true
"""
REGO = """\
package main

import rego.v1

deny contains msg if {
  input.spec.replicas > data.limits.replicas
  msg := "too many"
}
"""
EXTRA = """\
package extra

import rego.v1

deny contains msg if {
  input.metadata.name == "evil"
  msg := "evil"
}
"""
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [size]
              properties:
                size: {type: integer, minimum: 1, maximum: 9}
                mode: {type: string, enum: [a, b]}
"""
EVIL = ("privileged: false", "privileged: true")
OVERLAY = "overlays/prod/kustomization.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with every kind of rule on main; a branch is checked out."""
    root = write(tmp_path / "repo", {
        "kustodian.yaml": CONFIG,
        "base/kustomization.yaml": f"{KUSTOMIZATION}resources: [web.yaml]\n",
        "base/web.yaml": DEPLOYMENT,
        OVERLAY: f"{KUSTOMIZATION}namespace: prod\nresources: [../../base]\n",
        "overlays/dev/kustomization.yaml": f"{KUSTOMIZATION}namespace: dev\nresources: [../../base]\n",
        "policies/main.rego": REGO,
        "policies/extra.rego": EXTRA,
        "policies/name.rego": EXTRA.replace("extra", "main"),
        "limits.yaml": "limits: {replicas: 3}\n",
        "schemas/widget.yaml": CRD,
        "crds/kustomization.yaml": f"{KUSTOMIZATION}resources: [gadget.yaml]\n",
        "crds/gadget.yaml": CRD.replace("Widget", "Gadget").replace("widget", "gadget"),
    })  # fmt: skip
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, "one")
    git(root, "switch", "--quiet", "--create", "change")
    return root


def edit(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new))


def base(root: Path, *arguments: str) -> Outcome:
    return kustodian("check", ".", "--format", "json", "--no-cache", "--base", "main", *arguments, cwd=root)


def gate(outcome: Outcome) -> list[tuple[str, str, str]]:
    """(kind, severity, status) of the findings about the gate."""
    return [
        (f["rule"].removeprefix("gate-changed-"), f["severity"], f["status"])
        for f in outcome.data["findings"]
        if f["rule"].startswith("gate-changed-")
    ]


def new(outcome: Outcome) -> set[str]:
    return {f["rule"] for f in outcome.data["findings"] if f["status"] == "new"}


CONFIGURATION = [
    ("rule switched off", "rule-off", "rules:\n", "rules:\n  privileged-container: {severity: off}\n"),
    ("rule off in prod", "rule-off", "severity: {network: error}", "severity: {network: error, privileged-container: off}"),
    ("topic off in prod", "rule-off", "severity: {network: error}", "severity: {network: error, pod security: off}"),
    ("tag off in dev", "rule-off", "class: dev}", "class: dev, severity: {reliability: off}}"),
    ("rule to info", "severity", "rules:\n", "rules:\n  privileged-container: {severity: info}\n"),
    ("setting removed", "severity", "severity: error, labels", "labels"),
    ("topic to info", "severity", "{network: error}", "{network: info}"),
    ("profile baseline", "severity", "failOn: error\n", "failOn: error\nprofile: baseline\n"),
    ("Rego off", "rule-off", "{network: error}", "{network: error, rego/main/deny: off}"),
    ("version lowered", "version", '"1.33"', '"1.28"'),
    ("registries emptied", "option", "[registry.example.com]", "[]"),
    ("registry added", "option", "[registry.example.com]", "[registry.example.com, docker.io]"),
    ("option changed", "option", "[app.kubernetes.io/name]", "[]"),
    ("GPU budget raised", "option", "gpuBudget: 2", "gpuBudget: 200"),
    ("GPU budget gone", "option", ", gpuBudget: 2", ""),
    ("class lowered", "environment", "class: prod", "class: dev"),
    ("environment deleted", "environment", "  dev: {paths: [overlays/dev], class: dev}\n", ""),
    ("paths moved", "coverage", "paths: [overlays/prod]", "paths: [crds]"),
    ("prod is called dev", "environment", "paths: [overlays/dev]", "paths: [overlays/*]"),
    ("exclude definitions", "exclude", "exclude: [scratch]", "exclude: [scratch, crds]"),
    ("exclude later ones", "exclude", "exclude: [scratch]", "exclude: [scratch, 'overlays/x*']"),
    ("pod template forgotten", "coverage", "  - {group: example.com, kind: Fleet, path: spec.pod}\n", "  []\n"),
    ("policies removed", "policy", CONFIG[CONFIG.index("rego:") : CONFIG.index("waivers:")], ""),
    ("namespace removed", "policy", "[main, extra]", "[extra]"),
    ("data removed", "policy", "data: [limits.yaml]", "data: []"),
    ("schemas removed", "schema", "schemas: [schemas]\n", ""),
    ("waiver *", "waiver", "object: Deployment/web", 'object: "*"'),
    ("waiver longer", "waiver", "expires: 2099-01-31", "expires: 2199-01-31"),
    ("waiver everywhere", "waiver", ", environments: [prod]", ""),
    ("waiver added", "waiver", "waivers:\n", 'waivers:\n  - {rule: privileged-container, object: "*", reason: r, owner: o, expires: 2099-01-31}\n'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "old", "fresh"), [c[1:] for c in CONFIGURATION], ids=[c[0] for c in CONFIGURATION]
)
def test_a_configuration_that_is_loosened(root: Path, kind: str, old: str, fresh: str) -> None:
    edit(root, "base/web.yaml", *EVIL)
    edit(root, "kustodian.yaml", old, fresh)
    outcome = base(root)
    assert outcome.code == 1, outcome
    assert (kind, "error", "new") in gate(outcome)
    assert "privileged-container" in new(outcome), "the rules of the base still find it"
    assert outcome.data["findings"][0]["rule"].startswith("gate-changed-"), "first in the report"
    assert all(
        f["source"]["file"] == "kustodian.yaml"
        for f in outcome.data["findings"][: len(gate(outcome))]
        if f["rule"] != "gate-changed-schema"
    )
    trusting = kustodian("check", ".", "--format", "json", "--trust", "main", cwd=root)
    assert trusting.code == 1
    assert trusting.found(f"gate-changed-{kind}") == outcome.found(f"gate-changed-{kind}")
    assert trusting.found("privileged-container")


TIGHTER = [
    ("severity raised", "severity", "rules:\n", "rules:\n  no-topology-spread: {severity: error}\n"),
    ("rule switched on", "rule-off", "rules:\n", "rules:\n  image-skips-environment: {severity: warning}\n"),
    ("version raised", "version", '"1.33"', '"1.34"'),
    ("failOn", "option", "failOn: error", "failOn: info"),
    ("waiver removed", None, CONFIG[CONFIG.index("waivers:"):], ""),
    ("waiver earlier", "waiver", "2099-01-31", "2098-01-31"),
    ("exclude removed", "exclude", "exclude: [scratch]\n", ""),
    ("namespace added", "policy", "[main, extra]", "[main, extra, more]"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "old", "fresh"), [c[1:] for c in TIGHTER], ids=[c[0] for c in TIGHTER])
def test_a_configuration_that_is_tightened_does_not_fail(
    root: Path, kind: str | None, old: str, fresh: str
) -> None:
    if kind == "policy":
        write(root, {"policies/more.rego": EXTRA.replace("extra", "more")})
        git(root, "switch", "--quiet", "main")
        commit(root, "a policy that nobody evaluates yet")
        git(root, "switch", "--quiet", "change")
        git(root, "merge", "--quiet", "main")
    edit(root, "kustodian.yaml", old, fresh)
    outcome = base(root)
    assert outcome.code == 0, outcome.out
    assert {severity for _, severity, _ in gate(outcome)} <= {"info"}
    assert kind is None or kind in {name for name, _, _ in gate(outcome)}


def _link_policies(root: Path) -> None:
    shutil.copytree(root / "policies", root / "elsewhere")
    edit(root, "elsewhere/main.rego", "input.spec.replicas >", "input.spec.replicas > 1000 +")
    shutil.rmtree(root / "policies")
    (root / "policies").symlink_to("elsewhere")


FILES: list[tuple[str, str, Callable[[Path], object]]] = [
    ("policy emptied", "policy", lambda r: edit(r, "policies/main.rego", "input.spec.replicas >", "1 >")),
    ("policy deleted", "policy", lambda r: (r / "policies/main.rego").unlink()),
    ("policy added", "policy", lambda r: write(r, {"policies/new.rego": REGO.replace("deny", "exception")})),
    ("data emptied", "policy", lambda r: (r / "limits.yaml").write_text("{}\n")),
    ("data widened", "policy", lambda r: edit(r, "limits.yaml", "3", "300")),
    ("policies are a link", "policy", _link_policies),
    ("required lost", "schema", lambda r: edit(r, "schemas/widget.yaml", "              required: [size]\n", "")),
    ("bound raised", "schema", lambda r: edit(r, "schemas/widget.yaml", "maximum: 9", "maximum: 900")),
    ("enum gone", "schema", lambda r: edit(r, "schemas/widget.yaml", ", enum: [a, b]", "")),
    ("allows everything", "schema", lambda r: edit(r, "crds/gadget.yaml", "              type: object\n", "              type: object\n              x-kubernetes-preserve-unknown-fields: true\n")),
    ("definition deleted", "schema", lambda r: (edit(r, "crds/kustomization.yaml", "gadget.yaml", "x.yaml"), (r / "crds/gadget.yaml").rename(r / "crds/x.yaml"), edit(r, "crds/x.yaml", "Gadget", "Other"))),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "change"), [c[1:] for c in FILES], ids=[c[0] for c in FILES])
def test_files_of_the_rules_that_are_loosened(
    root: Path, kind: str, change: Callable[[Path], object]
) -> None:
    edit(root, "base/web.yaml", "replicas: 2", "replicas: 5")
    change(root)
    outcome = base(root)
    assert outcome.code == 1, outcome
    assert (kind, "error", "new") in gate(outcome)
    assert "rego/main/deny" in new(outcome), "the policies of the base still find it"
    assert {"gate-changed-" + kind for kind, _, _ in gate(outcome)} <= new(outcome)


def test_the_configuration_is_deleted_renamed_or_a_link(root: Path) -> None:
    edit(root, "base/web.yaml", "replicas: 2", "replicas: 5")
    (root / "kustodian.yaml").rename(root / "kustodian.yml")
    outcome = base(root)
    assert outcome.code == 1
    assert {"config", "policy", "environment", "severity"} <= {kind for kind, _, _ in gate(outcome)}
    assert "rego/main/deny" in new(outcome)
    (root / "kustodian.yml").unlink()
    write(root, {"docs/mine.yaml": CONFIG.replace("class: prod", "class: dev")})
    (root / "kustodian.yaml").symlink_to("docs/mine.yaml")
    outcome = base(root)
    assert outcome.code == 1
    assert {"config", "environment"} <= {kind for kind, _, _ in gate(outcome)}
    assert "rego/main/deny" in new(outcome)
    for target in ("nowhere.yaml", "/dev/null", "docs"):
        (root / "kustodian.yaml").unlink()
        (root / "kustodian.yaml").symlink_to(target)
        outcome = base(root)
        assert outcome.code in (1, 2), outcome
        assert "Traceback" not in outcome.err


def test_a_configuration_or_policy_that_does_not_load_is_an_error(root: Path) -> None:
    (root / "kustodian.yaml").write_text("environments: [\n")
    outcome = base(root)
    assert (outcome.code, "kustodian.yaml" in outcome.err) == (2, True)
    (root / "kustodian.yaml").write_text(CONFIG.replace("rules:", "ruels:"))
    assert "unknown key `ruels`" in base(root).err
    (root / "kustodian.yaml").write_text(CONFIG)
    (root / "policies/main.rego").write_text("package main\nimport rego.v1\ndeny contains 1 if\n")
    outcome = base(root)
    assert (outcome.code, "main.rego" in outcome.err) == (3, True)


def test_links_between_the_configuration_and_its_inputs_are_followed(root: Path) -> None:
    git(root, "switch", "--quiet", "main")
    (root / "kustodian.yaml").rename(root / "real.yaml")
    (root / "kustodian.yaml").symlink_to("real.yaml")
    (root / "policies/main.rego").rename(root / "main.rego")
    (root / "policies/main.rego").symlink_to("../main.rego")
    commit(root, "links")
    git(root, "switch", "--quiet", "change")
    git(root, "merge", "--quiet", "main")
    assert base(root).code == 0
    edit(root, "base/web.yaml", "replicas: 2", "replicas: 5")
    edit(root, "main.rego", "input.spec.replicas >", "1 >")
    outcome = base(root)
    assert ("policy", "error", "new") in gate(outcome)
    assert "rego/main/deny" in new(outcome)
    git(root, "checkout", "--quiet", "main.rego")
    edit(root, "real.yaml", "policy: [policies]", "policy: [policies/extra.rego, policies/name.rego]")
    outcome = base(root)
    assert ("policy", "error", "new") in gate(outcome)
    assert "rego/main/deny" in new(outcome)


def test_a_given_configuration_is_that_of_the_base_unless_it_lies_outside(root: Path, tmp_path: Path) -> None:
    loose = CONFIG.replace("rules:\n", "rules:\n  privileged-container: {severity: off}\n")
    write(root, {"ci/gate.yaml": CONFIG})
    commit(root, "another configuration")
    git(root, "branch", "--force", "main")
    edit(root, "base/web.yaml", *EVIL)
    (root / "ci/gate.yaml").write_text(loose)
    outcome = base(root, "--config", "ci/gate.yaml")
    assert (outcome.code, "privileged-container" in new(outcome)) == (1, True)
    assert outcome.found("gate-changed-rule-off") == [("ci/gate.yaml", 8)]
    (root / "ci/gate.yaml").unlink()
    write(root, {"ci/loose.yaml": loose})
    (root / "ci/gate.yaml").symlink_to("loose.yaml")
    assert "privileged-container" in new(base(root, "--config", "ci/gate.yaml")), (
        "a link is not followed to another"
    )
    write(root, {"new.yaml": loose})
    assert "privileged-container" in new(base(root, "--config", "new.yaml")), (
        "the base has none: the defaults count"
    )
    write(tmp_path, {"own.yaml": loose})
    outcome = base(root, "--config", str(tmp_path / "own.yaml"))
    assert "privileged-container" not in new(outcome), "outside of the repository it is the user's own"


def test_without_a_configuration_at_the_base_the_defaults_count(root: Path) -> None:
    git(root, "rm", "--quiet", "kustodian.yaml")
    commit(root, "none")
    git(root, "branch", "--force", "main")
    edit(root, "base/web.yaml", *EVIL)
    write(
        root, {"kustodian.yaml": "rules: {privileged-container: {severity: off}}\nexclude: [overlays/prod]\n"}
    )
    outcome = base(root)
    assert outcome.code == 1
    assert {("rule-off", "error", "new"), ("exclude", "error", "new")} <= set(gate(outcome))
    assert "privileged-container" in new(outcome)


def test_a_change_that_excludes_everything_is_still_judged(root: Path) -> None:
    (root / "kustodian.yaml").write_text("failOn: error\n")
    commit(root, "no environments")
    git(root, "branch", "--force", "main")
    edit(root, "base/web.yaml", *EVIL)
    (root / "kustodian.yaml").write_text("failOn: error\nexclude: ['**']\n")
    outcome = base(root)
    assert (outcome.code, ("exclude", "error", "new") in gate(outcome)) == (1, True)
    assert "privileged-container" in new(outcome)


def test_trust_head_is_the_explicit_way_out(root: Path) -> None:
    edit(root, "base/web.yaml", *EVIL)
    edit(root, "kustodian.yaml", "rules:\n", "rules:\n  privileged-container: {severity: off}\n")
    outcome = base(root, "--trust-head")
    assert (gate(outcome), "privileged-container" in new(outcome)) == ([], False)
    assert "--trust-head needs --base" in kustodian("check", "--trust-head", cwd=root).err
    assert "cannot be combined" in base(root, "--trust", "main").err


def test_the_index_is_judged_by_the_base_too(root: Path) -> None:
    edit(root, "base/web.yaml", *EVIL)
    edit(root, "kustodian.yaml", "rules:\n", "rules:\n  privileged-container: {severity: off}\n")
    git(root, "add", "--all")
    git(root, "checkout", "--quiet", "main", "--", "kustodian.yaml")
    git(root, "stash", "--quiet")
    git(root, "stash", "pop", "--quiet")
    edit(root, "kustodian.yaml", "rules:\n", "rules:\n  privileged-container: {severity: off}\n")
    git(root, "add", "--all")
    (root / "kustodian.yaml").write_text(CONFIG)
    outcome = base(root, "--staged")
    assert (outcome.code, gate(outcome)) == (1, [("rule-off", "error", "new")])
    assert "privileged-container" in new(outcome)
    assert kustodian("check", "--trust", "main", "--staged", cwd=root).code == 1


ALLOW = "# kustodian: allow {} reason=cache owner=ml expires=2099-01-31"
KNOWN = "readOnlyRootFilesystem: false  " + ALLOW.format("writable-root-filesystem")


def _waivers(root: Path, text: str) -> Outcome:
    (root / "base/web.yaml").write_text(text)
    return base(root)


def test_a_waiver_comment_in_the_change_does_not_count(root: Path) -> None:
    evil = "privileged: true  " + ALLOW.format("privileged-container")
    outcome = _waivers(root, DEPLOYMENT.replace("privileged: false", evil, 1))
    assert (outcome.code, "privileged-container" in new(outcome)) == (1, True)
    assert outcome.found("gate-changed-waiver") == [("base/web.yaml", 14)]
    above = f"{ALLOW.format('privileged-container')}\n            privileged: true"
    outcome = _waivers(root, DEPLOYMENT.replace("privileged: false", above, 1))
    assert (outcome.code, "privileged-container" in new(outcome)) == (1, True)
    write(root, {"base/new.yaml": DEPLOYMENT.replace("{name: web}", "{name: new}")})
    (root / "base/kustomization.yaml").write_text(f"{KUSTOMIZATION}resources: [web.yaml, new.yaml]\n")
    outcome = _waivers(root, DEPLOYMENT)
    assert "writable-root-filesystem" in new(outcome), "a new file has no known waivers"


def test_a_waiver_comment_that_moves_does_not_count(root: Path) -> None:
    plain = DEPLOYMENT.replace(KNOWN, "readOnlyRootFilesystem: true")
    moved = plain.replace("readOnlyRootFilesystem: true\n", f"{KNOWN}\n").replace(
        f"{KNOWN}\n", "readOnlyRootFilesystem: true\n", 1
    )
    assert moved.count(KNOWN) == 1
    outcome = _waivers(root, moved)
    assert "writable-root-filesystem" in new(outcome), "the other container has no waiver at the base"
    assert ("waiver", "error", "new") in gate(outcome)
    outcome = _waivers(root, DEPLOYMENT.replace("owner=ml", "owner=me"))
    assert "writable-root-filesystem" in new(outcome)
    outcome = _waivers(root, DEPLOYMENT.replace("2099-01-31", "2199-01-31"))
    assert "writable-root-filesystem" in new(outcome)
    outcome = _waivers(
        root, DEPLOYMENT.replace("writable-root-filesystem", "privileged-container").replace(*EVIL)
    )
    assert "privileged-container" in new(outcome)


def test_a_known_waiver_comment_counts_wherever_its_line_goes(root: Path) -> None:
    shifted = "# a comment\n" + DEPLOYMENT.replace("web:1.0", "web:1.1").replace("replicas: 2", "replicas: 3")
    outcome = _waivers(root, shifted)
    assert (outcome.code, gate(outcome), "writable-root-filesystem" in new(outcome)) == (0, [], False), (
        outcome.out
    )
    above = DEPLOYMENT.replace(
        KNOWN, KNOWN[KNOWN.index("#") :] + "\n            readOnlyRootFilesystem: false"
    )
    outcome = _waivers(root, above)
    assert (gate(outcome), "writable-root-filesystem" in new(outcome)) == ([], False)


def test_an_overlay_that_leaves_its_environment(root: Path) -> None:
    git(root, "mv", "overlays/prod", "overlays/sandbox")
    edit(root, "kustodian.yaml", "paths: [overlays/prod]", "paths: [crds]")
    outcome = base(root)
    assert outcome.code == 1
    assert outcome.found("gate-changed-overlay") == [("overlays/sandbox/kustomization.yaml", 1)]


def test_an_overlay_recreated_in_a_weaker_environment(root: Path) -> None:
    edit(root, "kustodian.yaml", "[overlays/dev]", "[overlays/dev, 'dev/*', crds]")
    write(root, {"dev/one/kustomization.yaml": f"{KUSTOMIZATION}resources: [../../crds]\n"})
    edit(root, "kustodian.yaml", "[overlays/prod]", "['overlays/prod*']")
    commit(root, "globs")
    git(root, "branch", "--force", "main")
    git(root, "rm", "-r", "--quiet", "overlays/prod")
    write(root, {"overlays/prod2/kustomization.yaml": f"{KUSTOMIZATION}resources: [../../crds]\n"})
    commit(root, "delete")
    write(root, {"dev/web/kustomization.yaml": f"{KUSTOMIZATION}namespace: prod\nresources: [../../base]\n"})
    outcome = base(root)
    assert outcome.code == 1
    assert outcome.found("gate-changed-overlay") == [("dev/web/kustomization.yaml", 1)]


@pytest.mark.parametrize("target", ["overlays/prod", "overlays/prod/kustomization.yaml", "."])
def test_a_configuration_below_that_of_the_repository_is_ignored(root: Path, target: str) -> None:
    edit(root, "base/web.yaml", *EVIL)
    write(root, {"overlays/prod/kustodian.yaml": "rules: {privileged-container: {severity: off}}\n"})
    for arguments in (
        ["check", target],
        ["check", "--base", "main", target],
        ["check", "--trust", "main", target],
    ):
        outcome = kustodian(*arguments, "--format", "json", cwd=root)
        assert (outcome.code, bool(outcome.found("privileged-container"))) == (1, True), arguments
        assert outcome.found("ignored-configuration") == [("overlays/prod/kustodian.yaml", 1)]


def test_a_manifest_beside_its_own_configuration(root: Path) -> None:
    off = "rules: {privileged-container: {severity: off}}\n"
    write(root, {"m/kustodian.yaml": off, "m/pod.yaml": DEPLOYMENT.replace(*EVIL)})
    for arguments in (["m/pod.yaml"], ["--base", "main", "m/pod.yaml"], ["m"]):
        outcome = kustodian("check", *arguments, "--format", "json", cwd=root)
        assert (outcome.code, bool(outcome.found("privileged-container"))) == (1, True), arguments
    assert kustodian("check", "pod.yaml", "--format", "json", cwd=root / "m").found("privileged-container")


def test_the_root_does_not_move_with_the_change(root: Path) -> None:
    edit(root, "base/web.yaml", *EVIL)
    git(root, "rm", "--quiet", "kustodian.yaml")
    write(root, {"overlays/prod/kustodian.yaml": "rules: {privileged-container: {severity: off}}\n"})
    outcome = base(root)
    assert (outcome.code, "privileged-container" in new(outcome)) == (1, True)
    outcome = kustodian("check", "--base", "main", "overlays/prod", cwd=root)
    assert (outcome.code, "kustodian.yaml at the base" in outcome.err) == (2, True)


def test_a_project_in_a_larger_repository_has_its_own_configuration(tmp_path: Path) -> None:
    off = "rules: {privileged-container: {severity: off}}\n"
    root = write(tmp_path, {
        "apps/one/kustodian.yaml": "rules: {privileged-container: {severity: error}}\n",
        "apps/one/overlays/dev/kustomization.yaml": f"{KUSTOMIZATION}resources: [web.yaml]\n",
        "apps/one/overlays/dev/web.yaml": DEPLOYMENT,
    })  # fmt: skip
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, "one")
    edit(root, "apps/one/overlays/dev/web.yaml", *EVIL)
    (root / "apps/one/kustodian.yaml").write_text(off)
    assert base(root / "apps/one").found("gate-changed-rule-off") == [("kustodian.yaml", 1)]
    assert kustodian("check", cwd=root / "apps/one").code == 0, "a plain check trusts the work tree"
    write(root, {"kustodian.yaml": off})
    outcome = base(root / "apps/one")
    assert (outcome.code, "moves it" in outcome.err) == (2, True), "the change puts another one above"


def test_in_a_shallow_clone_nothing_is_judged(root: Path, tmp_path: Path) -> None:
    edit(root, "base/web.yaml", *EVIL)
    commit(root, "two")
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--branch", "change", f"file://{root}", "shallow")
    for option in ("--base", "--trust"):
        outcome = kustodian("check", option, "main", cwd=tmp_path / "shallow")
        assert (outcome.code, "fetch-depth: 0" in outcome.err) == (2, True)


def test_every_report_lists_the_gate_first(root: Path) -> None:
    edit(root, "base/web.yaml", *EVIL)
    edit(root, "kustodian.yaml", '"1.33"', '"1.28"')
    formats = ("text", "markdown", "html", "json", "sarif", "junit", "gitlab", "github")
    arguments = [word for name in formats for word in ("--format", f"{name}={name}")]
    assert kustodian("check", "--base", "main", *arguments, cwd=root).code == 1
    for name in formats:
        text = (root / name).read_text()
        assert "gate-changed-version" in text and "privileged-container" in text, name
    for name in ("text", "markdown", "github"):
        text = (root / name).read_text()
        assert text.index("gate-changed-version") < text.index("privileged-container"), name
    assert json.loads((root / "json").read_text())["findings"][0]["rule"] == "gate-changed-version"
    assert json.loads((root / "gitlab").read_text())[0]["check_name"] == "gate-changed-version"
    assert (
        json.loads((root / "sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "gate-changed-version"
    )
    suites = ElementTree.fromstring((root / "junit").read_text())
    assert "gate-changed-version" in next(suites.iter("testcase")).get("name", "")


def test_the_change_cannot_waive_or_soften_what_it_does_to_the_gate(root: Path) -> None:
    edit(root, "kustodian.yaml", '"1.33"', '"1.28"')
    edit(
        root,
        "kustodian.yaml",
        "rules:\n",
        "rules:\n  gate-changed-version: {severity: off}\n  gate-changed-rule-off: {severity: off}\n",
    )
    edit(
        root,
        "kustodian.yaml",
        "waivers:\n",
        'waivers:\n  - {rule: gate-changed-version, object: "*", reason: r, owner: o, expires: 2099-01-31}\n',
    )
    outcome = base(root)
    assert outcome.code == 1
    assert {("version", "error", "new"), ("rule-off", "error", "new"), ("waiver", "error", "new")} <= set(
        gate(outcome)
    )


def test_the_cache_does_not_answer_for_another_base(root: Path, tmp_path: Path) -> None:
    rule = ("--rule", "privileged-container")
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    edit(root, "kustodian.yaml", '"1.33"', '"1.28"')
    commit(root, "lower")
    assert kustodian("check", *rule, cwd=root, **cache).code == 0
    assert kustodian("check", *rule, "--trust", "main", cwd=root, **cache).code == 1
    git(root, "branch", "--force", "main")
    assert kustodian("check", *rule, "--trust", "main", cwd=root, **cache).code == 0
    git(root, "branch", "--force", "main", "HEAD~1")
    assert kustodian("check", *rule, "--trust", "main", cwd=root, **cache).code == 1


def test_a_change_of_nothing_else_is_not_about_the_gate(root: Path) -> None:
    edit(root, "kustodian.yaml", "failOn: error", "# a comment\nfailOn: error")
    edit(root, "schemas/widget.yaml", "mode:", "note: {type: string}\n                mode:")
    edit(root, "base/web.yaml", "web:1.0", "web:1.1")
    outcome = base(root)
    assert (outcome.code, gate(outcome)) == (0, [])


def _documented() -> list[tuple[list[str], int]]:
    page = (Path(__file__).parents[2] / "docs/pull-requests.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\$ kustodian (check --.*?) +# .*: exits with (\d)$", page, re.MULTILINE)
    return [(command.split(), int(code)) for command, code in lines]


def test_the_examples_of_the_page(root: Path) -> None:
    (root / "base/web.yaml").write_text(f"{POD.format(name='web', tag='1.0')}")
    (root / "kustodian.yaml").write_text("rules: {missing-memory-limit: {severity: error}}\nfailOn: error\n")
    commit(root, "main")
    git(root, "branch", "--force", "main")
    (root / "kustodian.yaml").write_text("rules: {missing-memory-limit: {severity: off}}\nfailOn: error\n")
    git(root, "add", "--all")
    assert len(_documented()) == 4
    for words, code in _documented():
        outcome = kustodian(*words, cwd=root)
        assert outcome.code == code, (words, outcome.out)
        assert ("gate-changed-rule-off" in outcome.out) == (code == 1)


CI_FILES = ["action.yml", "integrations/gitlab.yml", ".pre-commit-hooks.yaml", "docs/ci.md"]
TEMPLATE = "template/{{cookiecutter.repo_name}}"
CI_FILES += [
    f"{TEMPLATE}/{name}"
    for name in (".github/workflows/ci.yaml", ".gitlab-ci.yml", "Jenkinsfile", ".pre-commit-config.yaml")
]


@pytest.mark.parametrize("name", CI_FILES)
def test_no_pipeline_trusts_the_head_or_a_cache(name: str) -> None:
    text = (Path(__file__).parents[2] / name).read_text(encoding="utf-8")
    assert "--trust-head" not in text
    assert "--base" in text and "--no-cache" in text
    for line in text.splitlines():
        if "curl" in line and "--output /usr" in line:
            assert "sha256sum --check" in text
