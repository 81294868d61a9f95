"""`kustodian check --fix` and `--diff` as commands."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from kustodian.model.errors import UserError
from kustodian.policy.catalogue import all_rules
from kustodian.review.fix.trial import Fixes
from tests.cli.harness import kustodian, write

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
DEPLOYMENT = """\
# The server.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web   # keep me
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: server
          image: registry.example.com/web:latest
          imagePullPolicy: Never  # why
      volumes:
        - name: cache
          emptyDir: {}
"""
HPA = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  minReplicas: 2
  maxReplicas: 4
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}
    - type: Resource
      resource: {name: memory, target: {type: Utilization, averageUtilization: 70}}
"""
SECRET = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: keys}
spec:
  refreshInterval: 1h
  secretStoreRef: {kind: SecretStore, name: store}
  target: {name: keys}
  data:
    - secretKey: token
      remoteRef: {key: ml/token}
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: web\n"

#: Every rule that has a fix, with a repository that needs it and what the fix leaves in which file.
FIXES: dict[str, tuple[dict[str, str], str, str]] = {
    "privilege-escalation": ({"d.yaml": DEPLOYMENT}, "d.yaml", "allowPrivilegeEscalation: false"),
    "capabilities-not-dropped": ({"d.yaml": DEPLOYMENT}, "d.yaml", "drop: [ALL]"),
    "seccomp-not-set": ({"d.yaml": DEPLOYMENT}, "d.yaml", "type: RuntimeDefault"),
    "automounted-service-account-token": (
        {"d.yaml": DEPLOYMENT}, "d.yaml", "      automountServiceAccountToken: false\n",
    ),
    "pull-policy-mismatch": ({"d.yaml": DEPLOYMENT}, "d.yaml", "imagePullPolicy: Always  # why"),
    "unbounded-empty-dir": ({"d.yaml": DEPLOYMENT}, "d.yaml", "emptyDir: {sizeLimit: 1Gi}"),
    "namespace-without-pod-security-label": (
        {"n.yaml": NAMESPACE}, "n.yaml", "  labels:\n    pod-security.kubernetes.io/enforce: baseline\n",
    ),
    "replicas-with-autoscaler": (
        {"d.yaml": DEPLOYMENT, "h.yaml": HPA}, "d.yaml", "spec:\n  selector: {matchLabels",
    ),
    "memory-metric-order": (
        {"d.yaml": DEPLOYMENT, "h.yaml": HPA}, "h.yaml",
        "averageUtilization: 70}}\n    - type: Resource\n      resource: {name: cpu",
    ),
    "undeclared-default-drifts": (
        {"s.yaml": SECRET}, "s.yaml",
        "{key: ml/token, conversionStrategy: Default, decodingStrategy: None, metadataPolicy: None}",
    ),
    "deprecated-kustomize-field": (
        {"kustomization.yaml": f"{KUSTOMIZATION}bases: [b]\ncommonLabels:\n  a: b # c\n",
         "b/kustomization.yaml": f"{KUSTOMIZATION}resources: [n.yaml]\n", "b/n.yaml": NAMESPACE},
        "kustomization.yaml", "resources: [b]\nlabels:\n- includeSelectors: true\n  pairs:\n    a: b # c\n",
    ),
}  # fmt: skip


def repository(root: Path, files: dict[str, str]) -> Path:
    resources = ", ".join(name for name in files if "/" not in name and name != "kustomization.yaml")
    return write(root, {"kustomization.yaml": f"{KUSTOMIZATION}resources: [{resources}]\n", **files})


def test_every_rule_with_a_fix_is_tested() -> None:
    source = Path(__file__).parents[2] / "generator" / "kustodian" / "policy" / "rules"
    fixing = {
        path.stem.replace("_", "-")
        for path in source.rglob("*.py")
        if "edits=" in path.read_text(encoding="utf-8")
    }
    assert fixing == set(FIXES)
    assert fixing <= {rule.id for rule in all_rules()}


@pytest.mark.parametrize("rule", FIXES)
def test_a_fix_removes_the_finding(rule: str, tmp_path: Path) -> None:
    files, changed, expected = FIXES[rule]
    root = repository(tmp_path, files)
    assert kustodian("check", ".", "--format", "json", "--rule", rule, cwd=root).found(rule)
    shown = kustodian("check", ".", "--diff", "--rule", rule, cwd=root)
    assert shown.code == 1
    before = {path: path.read_bytes() for path in root.rglob("*.yaml")}
    fixed = kustodian("check", ".", "--fix", "--format", "json", "--rule", rule, cwd=root)
    assert fixed.code in (0, 1), fixed.err
    text = (root / changed).read_text()
    assert expected in text
    for name in ("# The server.", "# keep me"):
        assert (name in before[root / changed].decode()) == (name in text)
    patch = subprocess.run(
        ["git", "apply", "--check", "-R"], input=shown.out, text=True, cwd=root, check=False
    )
    assert patch.returncode == 0, "the shown diff is the written change"
    after = kustodian("check", ".", "--format", "json", "--rule", rule, cwd=root)
    assert not after.found(rule)
    again = kustodian("check", ".", "--fix", "--rule", rule, cwd=root)
    assert "fixed 0 findings in 0 files" in again.out
    assert (root / changed).read_text() == text


def test_several_fixes_in_one_run(tmp_path: Path) -> None:
    root = repository(tmp_path, {"d.yaml": DEPLOYMENT, "h.yaml": HPA, "n.yaml": NAMESPACE, "s.yaml": SECRET})
    kustodian("check", ".", "--fix", cwd=root)
    left = kustodian("check", ".", "--format", "json", cwd=root).data["findings"]
    assert [finding["rule"] for finding in left if finding["fixable"]] == []


def test_diff_writes_nothing_and_fix_keeps_the_mode(tmp_path: Path) -> None:
    root = repository(tmp_path, {"d.yaml": DEPLOYMENT})
    (root / "d.yaml").chmod(0o640)
    shown = kustodian("check", ".", "--diff", cwd=root)
    assert (shown.code, (root / "d.yaml").read_text()) == (1, DEPLOYMENT)
    assert shown.out.startswith("--- a/d.yaml\n+++ b/d.yaml\n@@ ")
    kustodian("check", ".", "--fix", cwd=root)
    assert stat.S_IMODE((root / "d.yaml").stat().st_mode) == 0o640
    assert kustodian("check", ".", "--diff", cwd=root).code == 0
    assert sorted(path.name for path in root.iterdir()) == ["d.yaml", "kustomization.yaml"]


def test_a_base_that_another_overlay_uses_is_left(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "base/kustomization.yaml": f"{KUSTOMIZATION}resources: [d.yaml]\n",
            "base/d.yaml": DEPLOYMENT,
            "overlays/dev/kustomization.yaml": f"{KUSTOMIZATION}resources: [../../base]\n",
            "overlays/prod/kustomization.yaml": f"{KUSTOMIZATION}resources: [../../base, h.yaml]\n",
            "overlays/prod/h.yaml": HPA,
        },
    )
    outcome = kustodian("check", ".", "--fix", "--rule", "replicas-with-autoscaler", cwd=root)
    assert "replicas-with-autoscaler: base needs the line" in outcome.out
    assert (root / "base" / "d.yaml").read_text() == DEPLOYMENT


def test_an_inline_patch_is_left_with_its_reason(tmp_path: Path) -> None:
    inline = "apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {replicas: 3}\n"
    patch = f"patches:\n- patch: |-\n    {inline}"
    root = repository(tmp_path, {"d.yaml": DEPLOYMENT.replace("  replicas: 2\n", ""), "h.yaml": HPA})
    text = (root / "kustomization.yaml").read_text() + patch
    (root / "kustomization.yaml").write_text(text)
    outcome = kustodian("check", ".", "--fix", "--rule", "replicas-with-autoscaler", cwd=root)
    assert "kustomization.yaml:9  replicas-with-autoscaler: it is set in an inline patch" in outcome.out
    assert (root / "kustomization.yaml").read_text() == text


def test_a_waived_finding_is_left(tmp_path: Path) -> None:
    waived = DEPLOYMENT.replace(
        "emptyDir: {}",
        "emptyDir: {}  # kustodian: allow unbounded-empty-dir reason=scratch owner=ml expires=2999-01-31",
    )
    root = repository(tmp_path, {"d.yaml": waived})
    kustodian("check", ".", "--fix", "--rule", "unbounded-empty-dir", cwd=root)
    assert (root / "d.yaml").read_text() == waived


def test_an_overlay_that_cannot_be_checked_is_not_clean(tmp_path: Path) -> None:
    root = repository(
        tmp_path, {"n.yaml": NAMESPACE, "broken/kustomization.yaml": "resources: [none.yaml]\n"}
    )
    shown = kustodian("check", ".", "--diff", cwd=root)
    assert (shown.code, "+  labels:" in shown.out) == (3, True)
    assert "not checked: 1" in shown.err


def test_a_byte_order_mark_and_line_breaks_stay(tmp_path: Path) -> None:
    before = b"\xef\xbb\xbf" + NAMESPACE.replace("\n", "\r\n").encode()
    root = repository(tmp_path, {"n.yaml": ""})
    (root / "n.yaml").write_bytes(before)
    kustodian("check", ".", "--fix", cwd=root)
    added = b"  labels:\r\n    pod-security.kubernetes.io/enforce: baseline\r\n"
    assert (root / "n.yaml").read_bytes() == before + added


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"n.yaml": "", "shared/n.yaml": NAMESPACE})
    (root / "n.yaml").unlink()
    (root / "n.yaml").symlink_to("shared/n.yaml")
    (root / "kustomization.yaml").write_text(f"{KUSTOMIZATION}resources: [shared]\n")
    (root / "shared" / "kustomization.yaml").write_text(f"{KUSTOMIZATION}resources: [m.yaml]\n")
    (root / "shared" / "m.yaml").symlink_to("n.yaml")
    outcome = kustodian("check", ".", "--fix", "--rule", "namespace-without-pod-security-label", cwd=root)
    assert "findings in 1 file" in outcome.out
    assert (root / "shared" / "m.yaml").is_symlink()
    assert "enforce: baseline" in (root / "shared" / "n.yaml").read_text()


def test_a_file_outside_of_the_repository_is_not_touched(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"n.yaml": NAMESPACE})
    root = repository(tmp_path / "r", {"d.yaml": DEPLOYMENT})
    (root / "plain").mkdir()
    (root / "plain" / "n.yaml").symlink_to(outside / "n.yaml")
    kustodian("check", "plain", "--fix", cwd=root)
    kustodian("check", ".", "--fix", cwd=root)
    assert (outside / "n.yaml").read_text() == NAMESPACE
    assert (root / "plain" / "n.yaml").is_symlink()


def test_a_file_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("a: 1\n")
    fixes = Fixes({"a.yaml": "a: 1\n", "b.yaml": "a: 0\n"}, {"a.yaml": "a: 2\n", "b.yaml": "a: 2\n"})
    with pytest.raises(UserError, match="changed in the meantime"):
        fixes.write(tmp_path)
    assert (tmp_path / "a.yaml").read_text() == "a: 1\n"


@pytest.mark.parametrize(
    ("arguments", "message"), [(["-", "--fix"], "standard input"), ([".", "--fix", "--diff"], "exclude")]
)
def test_misuse(arguments: list[str], message: str, tmp_path: Path) -> None:
    root = repository(tmp_path, {"d.yaml": DEPLOYMENT})
    outcome = kustodian("check", *arguments, cwd=root, stdin=DEPLOYMENT)
    assert outcome.code == 2
    assert message in outcome.err
    assert (root / "d.yaml").read_text() == DEPLOYMENT
