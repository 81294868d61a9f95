"""Every rule against its failing and passing fixtures, line by line; every rule must have both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from kustodian.model.environment import Environment, EnvironmentClass
from kustodian.model.manifest import Manifest, Provenance
from kustodian.model.overlay import Overlay, RenderedOverlay
from kustodian.policy.catalogue import all_rules, by_id
from kustodian.policy.evaluate import Evaluator, Hit
from kustodian.policy.rule import GateRule, RepositoryRule, Rule, WaiverRule
from kustodian.policy.settings import RuleSettings, Settings
from kustodian.repository.source_map import SourceFile
from kustodian.schemas.registry import Schemas
from tests.rules.fixtures import Fixture, file_fixtures, folder_fixtures


def manifests_of(path: Path) -> list[Manifest]:
    loader = YAML(typ="safe", pure=True)
    loader.version = (1, 1)  # type: ignore[assignment]
    documents = [document for document in loader.load_all(path.read_text()) if document]
    return [
        Manifest(document, Provenance(path.name, document=index)) for index, document in enumerate(documents)
    ]


def _environment(config: dict[str, Any]) -> Environment:
    name = config.get("environment")
    return Environment(name, EnvironmentClass(name or "prod"), config.get("gpuBudget"))


def hits_of(fixture: Fixture) -> tuple[list[Hit], list[Manifest]]:
    """The hits of the fixture's own rule, and the objects of the fixture."""
    manifests = manifests_of(fixture.path)
    return evaluate(fixture, manifests), manifests


def evaluate(fixture: Fixture, manifests: list[Manifest]) -> list[Hit]:
    """The hits of the fixture's own rule in these objects."""
    rule = by_id()[fixture.rule]
    config = fixture.config
    options = config.get("options", {})
    version = config.get("kubernetesVersion", "1.34")
    crds = [m for m in manifests if m.kind == "CustomResourceDefinition"]
    settings = Settings(
        version=version,
        registries=tuple(config.get("registries", ())),
        cpu_limits=options.get("policy", "ignore"),
        rules={rule.id: RuleSettings(options={k: frozen(v) for k, v in options.items()})},
        schemas=Schemas(version, crds),
    )
    evaluator = Evaluator([rule], settings)
    rendered = RenderedOverlay(Overlay(fixture.path.name, _environment(config)), manifests)
    hits = evaluator.evaluate_overlay(rendered)
    assert not evaluator.failures, evaluator.failures
    return hits


def found_lines(fixture: Fixture) -> set[tuple[int, str]]:
    """The (line, rule) pairs that the fixture's own rule finds."""
    hits, _ = hits_of(fixture)
    source = SourceFile.read(fixture.path, fixture.path.name)
    lines = set()
    for hit in hits:
        manifest = hit.manifest
        assert manifest is not None and manifest.provenance.document is not None
        node, _ = source.documents[manifest.provenance.document].nearest(hit.violation.path)
        lines.add((node.place.line, hit.rule.id))
    return lines


def frozen(value: object) -> object:
    """The value of an option as a rule reads it: lists are tuples."""
    return tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize("fixture", file_fixtures(), ids=lambda fixture: fixture.id)
def test_rule_finds_the_expected_lines(fixture: Fixture) -> None:
    expected = {pair for pair in fixture.expected if pair[1] == fixture.rule}
    assert expected if fixture.failing else not expected, "only fail files expect findings"
    assert found_lines(fixture) == expected


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_rule_has_a_manual_page(rule: Rule) -> None:
    manual = rule.manual
    assert len(manual.title) <= 100
    assert {"Wrong", "Right", "Source"} <= set(manual.sections)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_rule_has_a_failing_and_a_passing_fixture(rule: Rule) -> None:
    if isinstance(rule, RepositoryRule | WaiverRule | GateRule):
        names = [p.name for p in folder_fixtures() if p.parent.name == rule.id]
    else:
        names = [f.path.name for f in file_fixtures() if f.rule == rule.id]
    assert any(name.startswith("fail") for name in names), f"no failing fixture: {names}"
    assert any(name.startswith("pass") for name in names), f"no passing fixture: {names}"


def test_every_fixture_belongs_to_a_rule() -> None:
    folders = {f.rule for f in file_fixtures()} | {p.parent.name for p in folder_fixtures()}
    assert folders <= set(by_id())


def test_rule_ids_are_unique() -> None:
    assert len(by_id()) == len(all_rules())
