"""What an ApplicationSet's git generators take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kustodian.argocd.generators import (
    _glob,
    git_files,
    git_folders,
    glob_matches,
    parameters,
)
from kustodian.model.json_value import JsonObject
from kustodian.model.repository.view import RepositoryView
from tests.unit.source_files import GivenFiles

GLOBS = st.lists(st.sampled_from([
    "*", "**", "apps/*", "apps/**", "apps/a*/x", "**/x", "apps/?/x", "apps/a", "a.c", "", "apps/a/", "apps/*/x.yaml",
]), max_size=3)  # fmt: skip
NAMES = st.lists(st.sampled_from([
    "a", "abc", "a.c", "apps", "apps/a", "apps/ab", "apps/a/x", "apps/ab/x", "apps/b/x", "x", "y/x", "apps/a/x.yaml",
]), unique=True)  # fmt: skip


@given(GLOBS, GLOBS, NAMES)
def test_looking_only_where_a_pattern_begins_finds_the_same(
    wanted: list[str], unwanted: list[str], names: list[str]
) -> None:
    naive = [
        name
        for name in sorted(names)
        if any(_glob(g)(name) for g in wanted) and not any(_glob(g)(name) for g in unwanted)
    ]
    assert glob_matches(wanted, unwanted, sorted(names)) == naive


def test_a_directory_generator_never_takes_hidden_folders_nor_the_root() -> None:
    view = RepositoryView(files=("apps/a/x.yaml", "apps/.b/x.yaml", "apps/c/x.yaml", "top.yaml"))
    spec = {"directories": [{"path": "**"}, {"path": "apps/c", "exclude": True}]}
    assert git_folders(view, spec, {}) == ["apps", "apps/a"]
    assert git_files(view, {"files": [{"path": "apps/*/x.yaml"}]}, {}) == [
        "apps/.b/x.yaml",
        "apps/a/x.yaml",
        "apps/c/x.yaml",
    ]


FILES = {"git": {"files": [{"path": "apps/*/x.yaml"}]}}
WHERE = {"source": {"path": "{{ .path.path }}"}, "info": [{"value": "{{ .data.version }}"}]}
LIST = {"list": {"elements": [{"name": "a", "region": "eu"}]}}


@pytest.mark.parametrize(
    ("generator", "template", "is_read"),
    [
        (FILES, {"spec": WHERE}, False),
        (FILES, {"spec": {**WHERE, "project": "{{ .name }}"}}, True),
        (FILES, {"metadata": {"name": "{{ index .list 0 }}"}, "spec": WHERE}, True),
        (FILES, {"spec": {**WHERE, "project": "{{ .path.basename }}-{{ path[1] }}"}}, False),
        ({"merge": {"mergeKeys": ["name"], "generators": [FILES, LIST]}}, {"spec": WHERE}, True),
        ({"git": {**FILES["git"], "pathParamPrefix": "my"}}, {"spec": WHERE}, True),
        ({"matrix": {"generators": [FILES, {"git": {"directories": [{"path": "{{ .where }}"}]}}]}}, {}, True),
    ],
)
def test_files_are_read_where_what_they_say_matters(
    generator: JsonObject, template: JsonObject, is_read: bool
) -> None:
    sources = GivenFiles({f"apps/{name}/x.yaml": [{"name": name, "where": "apps/*"}] for name in "ab"})
    view = RepositoryView(files=("apps/a/x.yaml", "apps/b/x.yaml"), sources=sources)
    found = parameters(view, {"generators": [generator], "template": template})
    assert bool(sources.read) == is_read
    assert found


def test_a_merge_by_what_files_say_merges_only_those_that_say_the_same() -> None:
    sources = GivenFiles({f"apps/{name}/x.yaml": [{"name": name}] for name in "ab"})
    view = RepositoryView(files=("apps/a/x.yaml", "apps/b/x.yaml"), sources=sources)
    merge = {"merge": {"mergeKeys": ["name"], "generators": [FILES, LIST]}}
    found = parameters(view, {"generators": [merge], "template": {"spec": WHERE}})
    assert [params.get("region") for params in found] == ["eu", None]
