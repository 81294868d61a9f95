"""`kustodian check` as a command: findings, their lines, exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.harness import SOURCE, kustodian, line_of, write

#: A typical Deployment of a tutorial.
ARTICLE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ml-model-deployment
spec:
  replicas: 3
  selector:
    matchLabels:
      app: ml-model
  template:
    metadata:
      labels:
        app: ml-model
    spec:
      containers:
        - name: ml-model
          image: your-registry/your-ml-image:latest
          resources:
            requests:
              memory: "512Mi"
              cpu: "500m"
            limits:
              memory: "1Gi"
              cpu: "1"
          ports:
            - containerPort: 5000
"""
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
BASE = {
    "base/kustomization.yaml": KUSTOMIZATION + "resources: [deployment.yaml]\n",
    "base/deployment.yaml": ARTICLE.replace(":latest", ":1.0.0"),
}
CONFIG = "environments:\n  prod: {paths: [overlays/prod]}\n"
OVERLAY = {**BASE, "overlays/prod/kustomization.yaml": KUSTOMIZATION + "resources: [../../base]\n"}


def test_a_moving_tag_is_reported_at_its_line(tmp_path: Path) -> None:
    write(tmp_path, {"deployment.yaml": ARTICLE})
    outcome = kustodian("check", "deployment.yaml", "--format", "json", cwd=tmp_path)
    assert outcome.code == 1
    assert outcome.found("unpinned-image") == [("deployment.yaml", line_of(ARTICLE, "image:"))]
    assert outcome.found("missing-memory-limit") == []
    assert outcome.data["overlays"][0]["path"] == "deployment.yaml"


def test_a_moving_tag_set_by_an_overlay_is_reported_at_its_images_entry(tmp_path: Path) -> None:
    overlay = KUSTOMIZATION + (
        "resources: [../../base]\nimages:\n  - name: your-registry/your-ml-image\n    newTag: latest\n"
    )
    write(tmp_path, {**OVERLAY, "kustodian.yaml": CONFIG, "overlays/prod/kustomization.yaml": overlay})
    outcome = kustodian("check", "--format", "json", cwd=tmp_path)
    assert outcome.code == 1
    where = ("overlays/prod/kustomization.yaml", line_of(overlay, "newTag"))
    assert outcome.found("unpinned-image") == [where]
    assert {o["path"] for o in outcome.data["overlays"] if not o["through"]} == {"overlays/prod"}


def test_a_limit_removed_by_a_patch_is_reported_at_the_patch(tmp_path: Path) -> None:
    patch = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ml-model-deployment}\nspec:\n  template:\n"
        "    spec:\n      containers:\n        - name: ml-model\n          resources:\n"
        "            limits:\n              memory: null\n"
    )
    kustomization = KUSTOMIZATION + "resources: [../../base]\npatches: [{path: patch.yaml}]\n"
    write(
        tmp_path,
        {
            **OVERLAY,
            "kustodian.yaml": CONFIG,
            "overlays/prod/kustomization.yaml": kustomization,
            "overlays/prod/patch.yaml": patch,
        },
    )
    outcome = kustodian("check", "--format", "json", cwd=tmp_path)
    assert outcome.found("missing-memory-limit") == [("overlays/prod/patch.yaml", line_of(patch, "memory"))]


def test_severity_depends_on_the_environment(tmp_path: Path) -> None:
    config = "environments:\n  dev: {paths: [overlays/dev]}\n  prod: {paths: [overlays/prod]}\n"
    dev = {"overlays/dev/kustomization.yaml": OVERLAY["overlays/prod/kustomization.yaml"]}
    write(tmp_path, {**OVERLAY, **dev, "kustodian.yaml": config})
    outcome = kustodian("check", "--format", "json", "--rule", "writable-root-filesystem", cwd=tmp_path)
    severities = {f["environment"]: f["severity"] for f in outcome.data["findings"]}
    assert severities == {"prod": "error"}, "the rule is off in dev"


def test_text_shows_the_line_the_cause_the_fix_and_the_summary(tmp_path: Path) -> None:
    write(tmp_path, {"deployment.yaml": ARTICLE})
    outcome = kustodian("check", "deployment.yaml", "--rule", "unpinned-image", cwd=tmp_path)
    assert outcome.code == 1
    assert "error[unpinned-image]" in outcome.out
    assert "--> deployment.yaml:17:11" in outcome.out
    assert "17 |           image: your-registry/your-ml-image:latest" in outcome.out
    assert "= why:" in outcome.out and "= fix:" in outcome.out
    assert "kustodian explain unpinned-image" in outcome.out
    assert "1 error in 1 overlay, 1 object, 1 rule, 0 waived" in outcome.out
    assert outcome.err == ""


def test_standard_input_is_checked(tmp_path: Path) -> None:
    outcome = kustodian("check", "-", "--format", "json", cwd=tmp_path, stdin=ARTICLE)
    assert outcome.code == 1
    assert outcome.found("unpinned-image") == [("-", line_of(ARTICLE, "image:"))]


def test_a_folder_of_manifests_is_checked_as_one(tmp_path: Path) -> None:
    write(
        tmp_path, {"manifests/a.yaml": ARTICLE, "manifests/b/c.yaml": ARTICLE.replace("name: ml", "name: x")}
    )
    outcome = kustodian("check", "manifests", "--format", "json", "--rule", "unpinned-image", cwd=tmp_path)
    assert {file for file, _ in outcome.found("unpinned-image")} == {"manifests/a.yaml", "manifests/b/c.yaml"}


def test_two_runs_print_the_same(tmp_path: Path) -> None:
    write(tmp_path, {**OVERLAY, "kustodian.yaml": CONFIG})
    first = kustodian("check", "--format", "json", cwd=tmp_path)
    assert first.out == kustodian("check", "--format", "json", cwd=tmp_path).out


def test_a_waiver_covers_a_finding_until_it_expires(tmp_path: Path) -> None:
    comment = "image: your-registry/your-ml-image:latest # kustodian: allow unpinned-image"
    waived = comment + ' reason="demo" owner=ml expires=2999-01-31'
    plain = "image: your-registry/your-ml-image:latest"
    write(tmp_path, {"d.yaml": ARTICLE.replace(plain, waived)})
    arguments = ("check", "d.yaml", "--rule", "unpinned-image", "--format", "json")
    outcome = kustodian(*arguments, cwd=tmp_path)
    assert (outcome.code, outcome.data["summary"]["waived"]) == (0, 1)
    assert kustodian(*arguments, "--no-waivers", cwd=tmp_path).code == 1
    expired = comment + " reason=demo owner=ml expires=2020-01-31"
    write(tmp_path, {"d.yaml": ARTICLE.replace(plain, expired)})
    outcome = kustodian(*arguments, cwd=tmp_path)
    assert outcome.code == 1
    assert outcome.found("waiver-expired") == outcome.found("unpinned-image")


BAD_REGO = "package main\n\ndeny contains msg if {\n  msg := \n}\n"
GOOD_REGO = 'package main\n\ndeny contains msg if {\n  input.kind == "Nothing"\n  msg := "no"\n}\n'
REGO_CONFIG = CONFIG + "rego: {policy: [policies], namespaces: [main]}\n"

MISTAKES = {
    "an unknown key": ({"kustodian.yaml": CONFIG + "registres: []\n"}, 2, ["kustodian.yaml:3", "registries"]),
    "an unknown rule": (
        {"kustodian.yaml": CONFIG + "rules:\n  unpinned-images: {severity: off}\n"},
        2,
        ["kustodian.yaml:4", "unpinned-image"],
    ),
    "an environment that matches nothing": (
        {"kustodian.yaml": "environments:\n  prod: {paths: [overlays/prd]}\n"},
        2,
        ["kustodian.yaml", "overlays/prod"],
    ),
    "configuration that is not YAML": ({"kustodian.yaml": "environments: [\n"}, 2, ["kustodian.yaml:"]),
    "a Rego typo": (
        {"kustodian.yaml": REGO_CONFIG, "policies/a.rego": BAD_REGO},
        3,
        ["policies/a.rego:", "rego"],
    ),
    "a namespace with no policies": (
        {"kustodian.yaml": REGO_CONFIG.replace("[main]", "[mian]"), "policies/a.rego": GOOD_REGO},
        3,
        ["mian", "main"],
    ),
    "a missing policy folder": ({"kustodian.yaml": REGO_CONFIG}, 3, ["policies"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_reported_with_its_location(mistake: str, tmp_path: Path) -> None:
    files, code, words = MISTAKES[mistake]
    write(tmp_path, {**OVERLAY, **files})
    outcome = kustodian("check", cwd=tmp_path)
    assert outcome.code == code, outcome
    assert outcome.out == ""
    assert "Traceback" not in outcome.err and outcome.err.count("error") >= 1
    for word in words:
        assert word in outcome.err


NOT_RENDERED = {
    "a missing kustomization": (
        {"overlays/prod/kustomization.yaml": KUSTOMIZATION + "resources: [../../nowhere]\n"},
        "nowhere",
    ),
    "a YAML error": ({"base/deployment.yaml": "kind: [\n"}, "base/deployment.yaml"),
    "a broken kustomization": ({"overlays/prod/kustomization.yaml": "resources: [\n"}, "kustomization.yaml"),
    "a remote base": (
        {"overlays/prod/kustomization.yaml": KUSTOMIZATION + "resources: [https://example.com/x.yaml]\n"},
        "https://example.com/x.yaml",
    ),
    "a patch without its target": (
        {
            "overlays/prod/kustomization.yaml": KUSTOMIZATION
            + "resources: [../../base]\npatches: [{path: p.yaml}]\n",
            "overlays/prod/p.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: none}\n",
        },
        "none",
    ),
}


@pytest.mark.parametrize("failure", NOT_RENDERED)
def test_an_overlay_that_does_not_render_never_passes(failure: str, tmp_path: Path) -> None:
    files, word = NOT_RENDERED[failure]
    write(tmp_path, {**OVERLAY, "kustodian.yaml": CONFIG, **files})
    outcome = kustodian("check", "--format", "json", cwd=tmp_path)
    assert outcome.code == 3, outcome
    overlay = next(o for o in outcome.data["overlays"] if o["path"] == "overlays/prod")
    assert overlay["error"] is not None
    assert word in str(overlay["error"])
    text = kustodian("check", cwd=tmp_path)
    assert "NOT CHECKED" in text.out and "Traceback" not in text.out + text.err


def test_nothing_to_check_has_its_own_exit_code(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert kustodian("check", "empty", cwd=tmp_path).code == 4


def test_a_missing_target_is_a_usage_error(tmp_path: Path) -> None:
    write(tmp_path, OVERLAY)
    outcome = kustodian("check", "overlay", cwd=tmp_path)
    assert outcome.code == 2
    assert "overlays" in outcome.err


def test_version_does_not_load_heavy_packages(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['kustodian', '--version']\n"
        "from kustodian.cli.main import run\n"
        "try:\n    run()\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "print(sorted(m for m in sys.modules if m in ('pydantic', 'cookiecutter', 'typer', 'git')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[0].startswith("kustodian ")
    assert done.stdout.splitlines()[1] == "[]"


UNMARKED = {
    "base/kustomization.yaml": f"{KUSTOMIZATION}resources: [d.yaml]\n",
    "base/d.yaml": ARTICLE,
    "shared/values.txt": "x",
    "overlays/dev/kustomization.yaml": f"{KUSTOMIZATION}resources: [../../base]\n",
    "overlays/prod/kustomization.yaml": (
        f"{KUSTOMIZATION}resources: [../../base]\nconfigMapGenerator: [{{name: c, files: [v=../../shared/values.txt]}}]\n"
    ),
    "other/kustomization.yaml": f"{KUSTOMIZATION}resources: [d.yaml]\n",
    "other/d.yaml": ARTICLE,
}


def test_an_unpacked_archive_is_checked_as_a_whole(tmp_path: Path) -> None:
    """Neither .git nor kustodian.yaml marks the root, so it is the working directory."""
    root = write(tmp_path / "archive", UNMARKED)
    outcome = kustodian("check", "archive", "--format", "json", cwd=tmp_path)
    assert ("archive/base/d.yaml", 17) in outcome.found("unpinned-image")
    both = kustodian("check", "overlays/dev", "other", "--format", "json", cwd=root)
    assert {o["path"] for o in both.data["overlays"]} == {"overlays/dev", "other"}
    assert kustodian("check", "overlays/dev", cwd=root).code == 1
    alone = kustodian("check", "dev", cwd=root / "overlays")
    assert alone.code == 3
    assert "../../base" in alone.err + alone.out
    assert "name the folder that contains" in alone.err + alone.out


def test_two_repositories_are_refused(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            f"{name}/{file}": text
            for name in ("a", "b")
            for file, text in (*UNMARKED.items(), ("kustodian.yaml", ""))
        },
    )
    outcome = kustodian("check", "a", "b", cwd=tmp_path)
    assert outcome.code == 2
    assert "one repository at a time" in outcome.err


@pytest.mark.parametrize(("reader", "code"), [("/dev/full", 3), ("a closed pipe", 1)])
def test_a_report_that_cannot_be_written_is_not_a_traceback(reader: str, code: int, tmp_path: Path) -> None:
    write(tmp_path, OVERLAY)
    if reader.startswith("/"):
        output = os.open(reader, os.O_WRONLY)
    else:
        closed, output = os.pipe()
        os.close(closed)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "kustodian", "check", "."]
    try:
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(output)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert ("No space left on device" in done.stderr) == (code == 3)


def test_a_secret_among_other_objects_is_found_at_its_line(tmp_path: Path) -> None:
    maps = "".join(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m{i}}}\n---\n" for i in range(12))
    secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: "hunter2-and-more"}\n'
    write(
        tmp_path,
        {
            "kustodian.yaml": "environments:\n  prod: {paths: [prod]}\n",
            "prod/kustomization.yaml": KUSTOMIZATION + "resources: [bundle.yaml]\n",
            "prod/bundle.yaml": maps + secret + "---\n" + maps,
        },
    )
    outcome = kustodian("check", "--format", "json", cwd=tmp_path)
    assert outcome.found("plaintext-secret") == [("prod/bundle.yaml", 12 * 4 + 4)]
