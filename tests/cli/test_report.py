"""`check --format`, `--output`, `--shard` and `report merge` from the outside."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.cli.harness import SOURCE, kustodian, write
from tests.cli.test_base import commit, git
from tests.cli.test_check import ARTICLE, KUSTOMIZATION

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab", "markdown", "html")
COMMENT = '# kustodian: allow {} reason="{}" owner=ml expires={}'


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Seven overlays with findings of every sort: waived, wrongly waived, not rendered, about the repository."""
    config = "environments:\n  dev: {paths: [overlays/dev*]}\n  prod: {paths: [overlays/prod*]}\nwaivers:\n"
    for rule, name, expires in (
        ("missing-liveness-probe", "Deployment/ml-model-deployment", "2999-01-01"),
        ("missing-readiness-probe", "Deployment/nobody", "2999-01-01"),
        ("run-as-non-root", "Deployment/*", "2001-01-01"),
    ):
        config += f"  - {{rule: {rule}, object: {name}, reason: r, owner: ml, expires: {expires}}}\n"
    files = {
        "kustodian.yaml": config,
        "base/kustomization.yaml": KUSTOMIZATION + "resources: [deployment.yaml]\n",
        # One waiver that only prod uses, one that nobody uses: each part reads both.
        "base/deployment.yaml": ARTICLE.replace(
            "          image:",
            f"          {COMMENT.format('unpinned-image', 'r', '2999-01-01')}\n          image:",
        ).replace(
            "          ports:",
            f"          {COMMENT.format('host-port', 'r', '2999-01-01')}\n          ports:",
        ),
        "base/nobody-names-this.yaml": ARTICLE,
        "overlays/prod-broken/kustomization.yaml": KUSTOMIZATION + "resources: [gone.yaml]\n",
    }
    for name in ("dev-1", "dev-2", "dev-3", "prod-1", "prod-2", "prod-3"):
        image = "images: [{name: your-registry/your-ml-image, newTag: 1.0.0}]\n" if name != "prod-2" else ""
        files[f"overlays/{name}/kustomization.yaml"] = (
            KUSTOMIZATION + f"namespace: {name}\nresources: [../../base]\n{image}"
        )
    return write(tmp_path, files)


def named(formats: tuple[str, ...], prefix: str) -> list[str]:
    return [word for name in formats for word in ("--format", f"{name}={prefix}.{name}")]


@pytest.mark.parametrize("total", [1, 3, 9])
def test_the_merged_parts_are_the_report_in_one_piece(repository: Path, total: int) -> None:
    whole = kustodian("check", "--graph", *named(FORMATS, "whole"), cwd=repository)
    assert whole.code == 3 and whole.out == "", whole.err
    codes = set()
    for index in range(1, total + 1):
        part = kustodian(
            "check", "--graph", "--shard", f"{index}/{total}", "--format", f"json=part-{index}.json",
            cwd=repository,
        )  # fmt: skip
        codes.add(part.code)
    assert 3 in codes and codes <= {0, 1, 3}
    parts = [f"part-{index}.json" for index in range(total, 0, -1)]
    merged = kustodian("report", "merge", "--graph", *parts, *named(FORMATS, "merged"), cwd=repository)
    assert merged.code == 3, merged.err
    for name in FORMATS:
        expected = (repository / f"whole.{name}").read_bytes()
        if name == "text":  # ends in how long it took
            expected = _without_duration(expected)
        assert (repository / f"merged.{name}").read_bytes() == expected, name
    data = json.loads((repository / "whole.json").read_bytes())
    rules = [finding["rule"] for finding in data["findings"]]
    assert rules.count("waiver-unused") == 2 and rules.count("waiver-expired") == 1
    assert "unused-file" in rules and data["summary"]["waived"] > 0 and data["summary"]["notChecked"] == 1


#: What differs between two machines and must not show.
MACHINES: tuple[dict[str, str], ...] = (
    {"GOMAXPROCS": "1", "PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C", "COLUMNS": "40"},
    {"GOMAXPROCS": "2", "PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "COLUMNS": "300"},
)


def test_the_same_input_gives_the_same_bytes_on_every_machine(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Cores, hash seeds, locales, time zones, windows, and the order in which folders list their files."""
    (repository / "base" / "übersicht.yaml").write_text(ARTICLE)
    git(repository, "init", "--quiet")
    commit(repository, "one")
    base = repository / "base" / "deployment.yaml"
    base.write_text(
        base.read_text()
        .replace("replicas: 3", "replicas: 1")
        .replace("containerPort: 5000", "containerPort: 80")
    )
    twin = tmp_path_factory.mktemp("twin") / "repository"
    shutil.copytree(repository, twin, copy_function=shutil.copy)
    for path in sorted(twin.rglob("*.yaml"), reverse=True):  # made anew, the last one first
        text = path.read_bytes()
        path.unlink()
        path.write_bytes(text)
    written: list[dict[str, bytes]] = []
    for root, machine in zip((repository, twin), MACHINES, strict=True):
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), **machine}
        commands = [
            ["check", "--graph", "--show-waived", *named(FORMATS, "r")],
            [
                "check",
                "--base",
                "HEAD",
                "--format",
                "json=base.json",
                "--format",
                "text=base.text",
            ],
            ["diff", "--format", "json"],
            ["diff", "--format", "markdown"],
            ["matrix"],
        ]
        outputs: dict[str, bytes] = {}
        for command in commands:
            done = subprocess.run(
                [sys.executable, "-m", "kustodian", *command],
                cwd=root, env=environment, capture_output=True, check=False,
            )  # fmt: skip
            assert done.returncode in (0, 1, 3) and not done.stderr, done.stderr
            outputs[" ".join(command)] = done.stdout
        outputs |= {
            path.name: path.read_bytes() for path in root.iterdir() if path.suffix.lstrip(".") in FORMATS
        }
        outputs |= {name: _without_duration(outputs[name]) for name in ("r.text", "base.text")}
        written.append(outputs)
    assert {f"r.{name}" for name in FORMATS} <= written[0].keys()
    assert "übersicht".encode() in written[0]["r.html"]
    assert b"the number of pods changes" in written[0]["diff --format json"]
    for name, first in written[0].items():
        assert first == written[1][name], name


def _without_duration(text: bytes) -> bytes:
    """Only the last figure of the text, for people, says how long it took."""
    shorter, times = re.subn(rb" \(\d+\.\d s\)$", b"", text, flags=re.MULTILINE)
    assert times == 1
    return shorter


def test_each_overlay_is_in_exactly_one_part(repository: Path) -> None:
    seen: list[str] = []
    for index in (1, 2, 3):
        part = kustodian("check", "--shard", f"{index}/3", "--format", "json", cwd=repository)
        seen += [o["path"] for o in part.data["overlays"] if o["objects"] or o["error"]]
    assert sorted(seen) == sorted(set(seen)) and len(seen) == 7


def test_a_missing_part_another_run_and_a_part_twice_are_refused(repository: Path) -> None:
    for index in (1, 2):
        kustodian("check", "--shard", f"{index}/2", "--format", f"json={index}.json", cwd=repository)
    (repository / "copy.json").write_bytes((repository / "1.json").read_bytes())
    kustodian(
        "check", "--shard", "2/2", "--rule", "unpinned-image", "--format", "json=other.json", cwd=repository
    )
    kustodian("check", "--format", "json=whole.json", cwd=repository)
    for files, said in (
        (["1.json"], "missing: 2"),
        (["1.json", "copy.json"], "given twice"),
        (["1.json", "other.json"], "different runs"),
        (["1.json", "whole.json"], "is a whole report"),
        (["1.json", "1.json"], "named twice"),
        (["1.json", "gone.json"], "cannot be read"),
        (["whole.json", "kustodian.yaml"], "not JSON"),
    ):
        outcome = kustodian("report", "merge", *files, cwd=repository)
        assert (outcome.code, outcome.out) == (2, "") and said in outcome.err, outcome.err


def test_reports_of_several_folders_are_merged(repository: Path) -> None:
    for name in ("dev-1", "dev-2"):
        kustodian("check", f"overlays/{name}", "--format", f"json={name}.json", cwd=repository)
    outcome = kustodian("report", "merge", "dev-1.json", "dev-2.json", "--format", "json", cwd=repository)
    assert [o["path"] for o in outcome.data["overlays"] if not o["through"]] == [
        "overlays/dev-1",
        "overlays/dev-2",
    ]
    assert "shard" not in outcome.data


def test_several_formats_at_once(repository: Path) -> None:
    outcome = kustodian("check", "--format", "text", *named(FORMATS[1:], "r"), cwd=repository)
    assert "error[" in outcome.out and outcome.err == ""
    assert {f"r.{name}" for name in FORMATS[1:]} <= {path.name for path in repository.iterdir()}
    assert "\x1b" not in (repository / "r.html").read_text()


def test_output_takes_the_one_report_that_has_no_file(repository: Path) -> None:
    outcome = kustodian("check", "-f", "sarif", "--output", "out.sarif", cwd=repository)
    assert outcome.out == "" and json.loads((repository / "out.sarif").read_text())["version"] == "2.1.0"
    kustodian("check", "--output", "out.txt", cwd=repository)
    assert "NOT CHECKED" in (repository / "out.txt").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-f", "sarf"], "did you mean `sarif`?"),
        (["-f", "json", "-f", "sarif"], "two reports on standard output"),
        (["-f", "json=a", "-f", "sarif=./a"], "two reports in one file"),
        (["-f", "json="], "names no file"),
        (["-f", "json=no/such/folder.json"], "does not exist"),
        (["-f", "json=base"], "is a folder"),
        (["-f", "json=a", "--output", "b"], "without a format that needs it"),
        (["--shard", "0/3"], "is not a shard"),
        (["--shard", "4/3"], "is not a shard"),
        (["--shard", "1"], "is not a shard"),
        (["--shard", "1/2", "--base", "HEAD"], "cannot be combined with --base"),
        (["--shard", "1/2", "--fix"], "cannot be combined with --fix"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_written(
    repository: Path, options: list[str], said: str
) -> None:
    before = sorted(repository.rglob("*"))
    outcome = kustodian("check", *options, cwd=repository)
    assert outcome.code == 2 and said in outcome.err and outcome.out == ""
    assert sorted(repository.rglob("*")) == before


def test_more_parts_than_overlays_is_said(repository: Path) -> None:
    outcome = kustodian("check", "--shard", "99/99", cwd=repository)
    assert "in 0 overlays" in outcome.out and "part 99/99 has no overlay" in outcome.err


def test_in_a_github_job_everything_is_in_the_summary(repository: Path) -> None:
    summary = repository / "summary.md"
    summary.write_text("before\n")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "GITHUB_STEP_SUMMARY": str(summary)}
    done = subprocess.run(
        [sys.executable, "-m", "kustodian", "check", "--format", "github"],
        cwd=repository, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert sum(line.startswith("::error ") for line in done.stdout.splitlines()) == 10
    assert "only in the job summary" in done.stdout
    assert summary.read_text().startswith("before\n<!-- kustodian check -->")
    assert summary.read_text().count("<details>") > 30, "every cause, not ten of them"


def test_paths_for_forges_start_at_the_top_of_the_work_tree(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    top = tmp_path_factory.mktemp("top")
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    repository.rename(top / "iris")
    outcome = kustodian("check", "--format", "gitlab", cwd=top / "iris")
    paths = {entry["location"]["path"] for entry in json.loads(outcome.out)}
    assert paths and all(path.startswith("iris/") for path in paths)


def job_of_the_docs() -> str:
    text = (SOURCE.parent / "docs" / "sharding.md").read_text(encoding="utf-8")
    (job,) = [block for block in text.split("```yaml\n")[1:] if "kind: Job" in block]
    return job.partition("```")[0]


def test_the_pods_of_the_job_of_the_docs_make_the_whole_report(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its very shell lines, with the mounts at other places; then what the second Job runs."""
    git(repository, "init", "--quiet")
    commit(repository, "one")
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True, text=True, check=True
    ).stdout.strip()
    container = YAML(typ="safe").load(job_of_the_docs())["spec"]["template"]["spec"]["containers"][0]
    reports, programs = tmp_path_factory.mktemp("reports"), tmp_path_factory.mktemp("bin")
    (programs / "kustodian").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kustodian "$@"\n')
    (programs / "kustodian").chmod(0o755)
    checkout = Path()
    for index in range(3):
        work = tmp_path_factory.mktemp("work")
        checkout = work / "repository"
        (script,) = container["args"]
        script = script.replace("/checkout", str(work)).replace("/reports", str(reports))
        given = {"TOTAL": "3", "REPOSITORY": repository.as_uri(), "COMMIT": head, "HOME": str(work)}
        assert {entry["name"] for entry in container["env"]} == given.keys()
        environment = given | {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(SOURCE)}
        done = subprocess.run(
            [*container["command"], script], cwd=work, capture_output=True, text=True, check=False,
            env=environment | {"JOB_COMPLETION_INDEX": str(index)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    parts = sorted(str(path) for path in reports.iterdir())
    assert [Path(part).name for part in parts] == ["part-1.json", "part-2.json", "part-3.json"]
    outcome = kustodian("report", "merge", *parts, "--graph", "-f", "json=merged.json", cwd=checkout)
    assert outcome.code == 3, outcome.err
    kustodian("check", "--graph", "--format", "json=whole.json", cwd=checkout)
    merged, whole = (json.loads((checkout / f"{n}.json").read_bytes()) for n in ("merged", "whole"))
    assert merged == whole


def test_the_job_of_the_docs_is_a_valid_and_careful_one(tmp_path: Path) -> None:
    write(tmp_path, {"job.yaml": job_of_the_docs()})
    outcome = kustodian("check", "job.yaml", "--format", "json", cwd=tmp_path)
    assert outcome.data["overlays"][0]["objects"] == 1
    serious = {f["rule"] for f in outcome.data["findings"] if f["severity"] == "error"}
    # What stands in the reader's repository, not in this file.
    assert serious <= {
        "image-without-digest",
        "missing-claim",
        "pod-without-network-policy",
        "namespace-missing",
    }, serious
