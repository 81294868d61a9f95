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

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
CONFIG = 'environments: {prod: {paths: ["overlays/*"]}}\n'
POD = """apiVersion: v1
kind: Pod
metadata: {name: a, namespace: x}
spec:
  containers:
  - name: a
    image: registry.example.com/a:latest
"""
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
        [message] = problems(unusable, {"k": "a"})
        assert message.startswith("the definition of Foo cannot be used: ")


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
