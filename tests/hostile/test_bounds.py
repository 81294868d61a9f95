"""Repositories that ask for time or memory without end: the check ends, says what it left out, and is never green for it."""

from __future__ import annotations

import itertools
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kustodian.argocd.generators import glob_matches, parameters, pattern
from kustodian.model.errors import TooManyParameters
from kustodian.model.json_value import JsonObject
from kustodian.model.linear_pattern import matches_whole
from kustodian.model.manifest import Manifest
from kustodian.model.repository.view import RepositoryView
from kustodian.policy.rules.images._kustomize_images import ImageEntry
from kustodian.schemas.registry import Schemas
from tests.cli.harness import SOURCE, Outcome, write
from tests.hostile.test_reads import CONFIG, KUSTOMIZATION, POD

MOST_MEMORY = 2 << 30
SECONDS = 60


def check(root: Path, *arguments: str, command: str = "check", **variables: str) -> Outcome:
    """A check that must end in a minute; the memory of the largest of its processes is bounded."""
    words = [command, *(["--no-cache"] if command == "check" else []), *arguments]
    done = subprocess.run(
        [sys.executable, "-m", "kustodian", *words],
        cwd=root,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "LC_ALL": "C.UTF-8", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert "Traceback" not in done.stderr
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < MOST_MEMORY
    return Outcome(done.returncode, done.stdout, done.stderr)


def overlay(lines: str = "", manifest: str = POD, name: str = "prod") -> dict[str, str]:
    return {
        "kustodian.yaml": CONFIG,
        f"overlays/{name}/kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml]\n{lines}",
        f"overlays/{name}/a.yaml": manifest,
    }


def in_time(begin: float) -> bool:
    return time.monotonic() - begin < SECONDS / 3


@pytest.mark.parametrize(
    "name", ["(a|a)+$|.*", "(?U)w.*", r"\\Qweb\\E", "a(?-i)*", "[[:alpha:]]+", "(", "(?=a)"]
)
def test_the_target_of_a_patch_is_in_go_syntax_and_linear(tmp_path: Path, name: str) -> None:
    patch = f'patches:\n- target: {{kind: Pod, name: "{name}"}}\n  patch: |\n    - {{op: add, path: /spec/hostPID, value: true}}\n'
    manifest = POD.replace("name: a,", f"name: {'a' * 200}b,")
    outcome = check(write(tmp_path, overlay(patch, manifest)), "--format", "json")
    assert outcome.code in (1, 3)
    assert json.loads(outcome.out)["overlays"]


def test_patterns_mean_what_they_mean_in_go() -> None:
    assert matches_whole("(?U)w.*", "web")
    assert matches_whole(r"\Qw.b\E", "w.b")
    assert not matches_whole(r"\Qw.b\E", "web")
    assert matches_whole("[[:alpha:]]+", "web")
    assert not matches_whole("[[:alpha:]]+", "web1")
    assert not matches_whole("we", "web")
    assert not matches_whole("w.b", "w")
    assert not matches_whole("(a+)+$", "a" * 100_000 + "!")


@pytest.mark.parametrize("name", ["(a+)+$", "(a|a)*b", "(.*a){30}"])
def test_the_name_of_an_image_is_matched_in_linear_time(name: str) -> None:
    begin = time.monotonic()
    assert not ImageEntry((), name).matches("a" * 50_000 + "!")
    assert in_time(begin)
    assert ImageEntry((), "a.*").matches("registry/a:1") is False
    assert ImageEntry((), "reg.*/a").matches("registry/a:1")
    assert ImageEntry((), "registry/a").matches("registry/a@sha256:abc")


def definition(pattern_: str) -> Manifest:
    schema = {"type": "object", "properties": {"spec": {
        "type": "object", "additionalProperties": {"type": "string", "pattern": pattern_},
    }}}  # fmt: skip
    return Manifest({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "a"},
        "spec": {"group": "e.com", "names": {"kind": "Foo", "plural": "foos"}, "scope": "Namespaced", "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}},
        ]},
    })  # fmt: skip


def problems(pattern_: str, spec: JsonObject) -> list[str]:
    schemas = Schemas("1.34")
    schemas.add_crd(definition(pattern_))
    foo = Manifest({"apiVersion": "e.com/v1", "kind": "Foo", "metadata": {"name": "a"}, "spec": spec})
    return [violation.message for violation in schemas.problems(foo)]


def test_the_patterns_of_a_definition_are_matched_in_linear_time() -> None:
    begin = time.monotonic()
    assert problems("^(a+)+$", {"k": "a" * 100_000 + "!"})
    assert problems("^(a+)+$", {"k": "a" * 100_000}) == []
    assert in_time(begin)
    for unusable in ("(?=a)a", "((x{100}){100}){100}", "("):
        schemas = Schemas("1.34")
        schemas.add_crd(definition(unusable))
        assert schemas.defect("e.com/v1", "Foo"), "the rule unreadable-definition says so"


def test_the_violations_of_an_object_are_bounded() -> None:
    found = problems("^b$", {f"k{number}": "a" for number in range(100_000)})
    assert len(found) == 10_001
    assert found[-1] == "has more than 10,000 violations; the others are not listed"


def test_globs_are_matched_in_linear_time() -> None:
    begin = time.monotonic()
    deep = sorted("/".join(["a"] * 500) + f"/{number}" for number in range(100))
    assert glob_matches(["**/" * 30 + "b"], [], deep) == []
    assert glob_matches(["*a" * 30 + "b"], [], ["a" * 4_000]) == []
    assert glob_matches(["**a" * 30 + "b"], [], ["a" * 4_000]) == []
    assert glob_matches(["**"], ["**/*a*a*a*b"], ["a" * 4_000]) == ["a" * 4_000]
    assert not pattern("\0a" * 2_000 + "b").match("a" * 4_000)
    assert in_time(begin)


@pytest.mark.parametrize("glob", ["a/**/b/*/c", "**/b/**/c*", "*/*/*/*", "**/x/**/y/**", "a?/**b**/*"])
def test_a_glob_with_many_stars_matches_as_one_with_few(glob: str) -> None:
    """The two matchers agree: the pattern is also tried as Python's."""
    import re

    expression = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\?)", glob):
        expression += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part))
    names = sorted(
        "/".join(parts) for size in range(1, 6) for parts in itertools.product(("a", "b", "xy"), repeat=size)
    )
    assert glob_matches([glob], [], names) == [name for name in names if re.fullmatch(expression, name)]


@pytest.mark.parametrize("parts", ["", "a", "a\0", "\0a", "a\0b\0c", "\0\0", "a\0a", "ab\0ba"])
def test_an_expanded_text_matches_as_its_pattern(parts: str) -> None:
    import re

    expression = ".*".join(map(re.escape, parts.split("\0")))
    for size in range(5):
        for letters in itertools.product("abc", repeat=size):
            text = "".join(letters)
            assert pattern(parts).match(text) == bool(re.fullmatch(expression, text)), text


def numbered(count: int) -> JsonObject:
    return {"list": {"elements": [{"name": f"n{number}"} for number in range(count)]}}


def nested(count: int, depth: int, inner: int) -> JsonObject:
    found = numbered(inner)
    for _ in range(depth):
        found = {"matrix": {"generators": [numbered(count), found]}}
    return found


@pytest.mark.parametrize(
    "generator",
    [
        numbered(10_001),
        nested(1_000, 3, 1_000),
        nested(1_000, 4, 0),
        {"merge": {"mergeKeys": ["name"], "generators": [numbered(9_000), numbered(9_000)]}},
        {"merge": {"mergeKeys": ["name"], "generators": [numbered(1), nested(1_000, 3, 1_000)]}},
    ],
    ids=["list", "matrix", "matrix of nothing", "merge", "merge of a matrix"],
)
def test_the_generators_of_an_application_set_are_counted_first(generator: JsonObject) -> None:
    begin = time.monotonic()
    with pytest.raises(TooManyParameters, match="more than 10,000 Applications"):
        parameters(RepositoryView(), {"generators": [generator]})
    assert in_time(begin)


def test_as_many_applications_as_the_limit_are_all_looked_at() -> None:
    assert len(parameters(RepositoryView(), {"generators": [numbered(10_000)]})) == 10_000


def test_an_application_set_that_is_too_large_is_named(tmp_path: Path) -> None:
    application_set = {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet",
        "metadata": {"name": "apps", "namespace": "argocd"},
        "spec": {"generators": [nested(500, 3, 500)], "template": {
            "metadata": {"name": "{{name}}"}, "spec": {"source": {"path": "overlays/{{name}}", "repoURL": "https://e.com/a"}},
        }},
    }  # fmt: skip
    root = write(tmp_path, {**overlay(), "argocd/apps.json": json.dumps(application_set)})
    outcome = check(root, "--format", "json")
    assert outcome.code == 3
    assert {entry["code"] for entry in outcome.data["notChecked"]} == {"too-many-parameters"}


def test_the_memory_of_python_is_bounded(tmp_path: Path) -> None:
    manifest = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, namespace: x}}\ndata: {{a: {'x' * 8_000_000}}}\n"
    files: dict[str, str] = {}
    for number in range(60):
        files |= overlay("", manifest, f"n{number}")
    root = write(tmp_path, files)
    outcome = check(root, "--format", "json", KUSTODIAN_MEMORY="512MiB")
    assert outcome.code == 3
    assert "not enough memory, or the limit for it is reached" in outcome.err
    assert "KUSTODIAN_MEMORY" in outcome.err
    assert outcome.out == ""


@pytest.mark.parametrize("given", ["1", "much", "1TiB", "-1GiB", "100MiB", "0GiB"])
def test_the_limit_for_memory_must_be_an_amount(tmp_path: Path, given: str) -> None:
    outcome = check(write(tmp_path, overlay()), KUSTODIAN_MEMORY=given)
    assert outcome.code == 2
    assert f"KUSTODIAN_MEMORY is `{given}`" in outcome.err


def test_the_engine_has_a_limit_of_its_own(tmp_path: Path) -> None:
    """It is not that of Python, which processes inherit."""
    code = (
        "import resource, subprocess, sys\n"
        "from pathlib import Path\n"
        "from kustodian.model.memory_limit import limit_python\n"
        "from kustodian.render.process import start\n"
        "limit_python()\n"
        "engine = start(Path('/bin/sleep'))\n"
        "engine.popen.kill()\n"
        "print(resource.getrlimit(resource.RLIMIT_DATA)[0])\n"
        "print(start(Path(sys.argv[1])).popen.stdout.read().decode())\n"
    )
    show = tmp_path / "show"
    show.write_text("#!/bin/sh\nulimit -d\necho $GOMEMLIMIT\n")
    show.chmod(0o755)
    for given, limits in (("", "1140850688\nunlimited\n\n"), ("4GiB", "2281701376\nunlimited\n1610612736\n")):
        done = subprocess.run(
            [sys.executable, "-c", code, str(show)],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "KUSTODIAN_MEMORY": given},
            capture_output=True, text=True, check=True, timeout=SECONDS,
        )  # fmt: skip
        assert done.stdout == f"{limits}\n"


@pytest.mark.parametrize("arguments", [[], ["--fix"], ["a"], ["--base", "HEAD"]])
def test_folders_may_be_nested_to_any_depth(tmp_path: Path, arguments: list[str]) -> None:
    write(tmp_path, {"kustodian.yaml": ""})
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range((4_000 - len(str(tmp_path))) // 2):
        os.mkdir("a", dir_fd=here)
        below = os.open("a", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    for name, text in {"kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml]\n", "a.yaml": POD}.items():
        file = os.open(name, os.O_WRONLY | os.O_CREAT, dir_fd=here)
        os.write(file, text.encode())
        os.close(file)
    os.close(here)
    if "--base" in arguments:
        for command in (
            ["init", "-q"],
            ["add", "kustodian.yaml"],
            ["-c", "user.name=a", "-c", "user.email=a", "commit", "-qm", "a"],
        ):
            subprocess.run(["git", *command], cwd=tmp_path, check=True)
    try:
        outcome = check(tmp_path, *arguments)
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / "a")], check=True)  # pytest's own removal is recursive
    if arguments == ["--fix"]:  # it works on a copy
        assert outcome.code == 3
        assert "nested too deeply" in outcome.err
        return
    assert outcome.code == 1, outcome.err
    assert "unpinned-image" in outcome.out


def many(count: int, length: int) -> dict[str, str]:
    """An overlay with so many findings, all in one line that is at least so long."""
    containers = ", ".join(f'{{"name": "c{number}", "image": "a:latest"}}' for number in range(count))
    pad = "x" * length
    manifest = (
        f'{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "a", "namespace": "x", "labels": {{"a": "{pad}"}}}}, '
        f'"spec": {{"containers": [{containers}]}}}}\n'
    )
    return overlay("", manifest)


@pytest.mark.parametrize(
    "format_", ["text", "markdown", "html", "sarif", "junit", "gitlab", "github", "json"]
)
def test_a_long_line_is_not_quoted_for_each_finding(tmp_path: Path, format_: str) -> None:
    root = write(tmp_path, many(200, 1_000_000))
    outcome = check(root, "--format", format_, "--rule", "unpinned-image")
    assert outcome.code == 1
    assert len(outcome.out) < 2_000_000
    assert "c199" in outcome.out or format_ in ("markdown", "github")


@pytest.mark.parametrize(("format_", "most"), [("text", 5_000), ("html", 2_000), ("sarif", 25_000)])
def test_the_findings_that_a_report_shows_are_bounded(tmp_path: Path, format_: str, most: int) -> None:
    root = write(tmp_path, many(26_000, 1))
    outcome = check(root, "--format", format_, "--rule", "unpinned-image")
    assert outcome.code == 1
    assert "26,000 errors" in outcome.out or format_ == "sarif"
    if format_ == "sarif":
        run = json.loads(outcome.out)["runs"][0]
        assert len(run["results"]) == most
        [note] = run["invocations"][0]["toolExecutionNotifications"]
        assert note["message"]["text"] == "1,000 results are left out; the JSON report has all of them"
    else:
        assert f"{26_000 - most:,} more causes not shown here" in outcome.out
