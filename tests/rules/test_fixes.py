"""`check --fix` on the failing fixtures: `fixed*.yaml` beside `fail*.yaml` is the file after the fix.

A `# expect: <rule>` comment in a fixed file marks a finding that the fix leaves. Fixtures that are folders
have a folder `fixed-*` beside `fail-*`, which holds only the files that the fix changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kustodian.model.installed_files import engine_binary
from kustodian.policy import rules
from kustodian.policy.catalogue import all_rules
from kustodian.policy.rule import Rule
from kustodian.render.engine import Engine
from kustodian.review.check.options import CheckOptions
from kustodian.review.entry import check
from kustodian.review.fix.trial import Fixes, plan_fixes
from tests.rules.fixtures import (
    FIXTURES,
    Fixture,
    file_fixtures,
    fixed_path,
    folder_fixtures,
    read_fixture,
    without_expectations,
)
from tests.rules.test_repository_rules import TODAY, expected_lines, make_repository
from tests.rules.test_rules import found_lines, hits_of

FAILING = [fixture for fixture in file_fixtures() if fixture.failing]
FAILING_FOLDERS = [folder for folder in folder_fixtures() if folder.name.startswith("fail")]
FIXED = [fixture for fixture in FAILING if fixed_path(fixture.path).exists()]
FIXED_FOLDERS = [folder for folder in FAILING_FOLDERS if fixed_path(folder).exists()]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(engine_binary()) as running:
        yield running


def source_of(rule: Rule) -> str:
    """The text of the rule's module."""
    (module,) = Path(rules.__path__[0]).glob(f"*/{rule.id.replace('-', '_')}.py")
    return module.read_text(encoding="utf-8")


def repository_of(fixture: Fixture, root: Path) -> Path:
    """A repository whose only manifest is the failing file, with the fixture's options."""
    unknown = fixture.config.keys() - {"options"}
    assert not unknown, f"the configuration of a fixture with a fix may set options only, not {unknown}"
    root.mkdir()
    config = {"rules": {fixture.rule: fixture.config.get("options", {})}}
    (root / "kustodian.yaml").write_text(json.dumps(config))
    (root / "manifests.yaml").write_text(without_expectations(fixture.path.read_text()))
    kustomization = {"kind": "Kustomization", "resources": ["manifests.yaml"]}
    (root / "kustomization.yaml").write_text(json.dumps(kustomization))
    return root


def fix(root: Path, rule: str, engine: Engine) -> Fixes:
    """Fix the findings of one rule, as `check --fix --rule` does."""
    fixes, repository = plan_fixes([root], CheckOptions(rules=(rule,), today=TODAY), engine)
    assert not fixes.not_checked
    fixes.write(repository)
    return fixes


def texts_of(folder: Path) -> dict[str, str]:
    """The text of each file below a folder, without expectations."""
    return {
        path.relative_to(folder).as_posix(): without_expectations(path.read_text())
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


@pytest.mark.parametrize("fixture", FIXED, ids=lambda fixture: fixture.id)
def test_fix_turns_the_failing_file_into_the_fixed_file(
    fixture: Fixture, tmp_path: Path, engine: Engine
) -> None:
    fixed = read_fixture(fixed_path(fixture.path))
    root = repository_of(fixture, tmp_path / "repository")
    assert fix(root, fixture.rule, engine).fixed
    result = (root / "manifests.yaml").read_text()
    assert result == without_expectations(fixed.path.read_text())
    assert not fix(root, fixture.rule, engine).fixed
    assert (root / "manifests.yaml").read_text() == result


@pytest.mark.parametrize("fixture", FIXED, ids=lambda fixture: fixture.id)
def test_fixed_file_marks_the_findings_that_are_left(fixture: Fixture) -> None:
    fixed = read_fixture(fixed_path(fixture.path))
    assert found_lines(fixed) == fixed.expected
    assert len(fixed.expected) < len(fixture.expected)


@pytest.mark.parametrize("folder", FIXED_FOLDERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_fix_turns_the_failing_folder_into_the_fixed_folder(
    folder: Path, tmp_path: Path, engine: Engine
) -> None:
    rule = folder.parent.name
    root = make_repository(folder, tmp_path / "repository")
    for name, text in texts_of(root).items():
        (root / name).write_text(text)
    expected = {**texts_of(folder), **texts_of(fixed_path(folder))}
    assert fix(root, rule, engine).fixed
    assert texts_of(root) == expected
    assert not fix(root, rule, engine).fixed
    assert texts_of(root) == expected
    report, _ = check([root], CheckOptions(rules=(rule,), today=TODAY), engine)
    left = {(finding.source.file, finding.source.line) for finding in report.findings}
    assert left == expected_lines(fixed_path(folder))


@pytest.mark.parametrize("fixture", FAILING, ids=lambda fixture: fixture.id)
def test_failing_file_has_a_fixed_file_if_its_rule_proposes_edits(fixture: Fixture) -> None:
    hits, _ = hits_of(fixture)
    proposes_edits = any(hit.violation.edits for hit in hits)
    assert fixed_path(fixture.path).exists() == proposes_edits


@pytest.mark.parametrize("folder", FAILING_FOLDERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_failing_folder_has_a_fixed_folder_if_its_rule_proposes_edits(
    folder: Path, tmp_path: Path, engine: Engine
) -> None:
    root = make_repository(folder, tmp_path / "repository")
    report, _ = check([root], CheckOptions(rules=(folder.parent.name,), today=TODAY), engine)
    proposes_edits = any(finding.fixable for finding in report.findings)
    assert fixed_path(folder).exists() == proposes_edits


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_rule_with_edits_in_its_code_has_a_fixed_fixture(rule: Rule) -> None:
    has_fixed = any(path.name.startswith("fixed") for path in (FIXTURES / rule.id).iterdir())
    assert has_fixed == ("edits=" in source_of(rule))


def test_every_fixed_fixture_belongs_to_a_failing_one() -> None:
    fixed = set(FIXTURES.glob("*/fixed*"))
    assert fixed == {fixed_path(f.path) for f in FIXED} | {fixed_path(folder) for folder in FIXED_FOLDERS}
