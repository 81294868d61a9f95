"""Every rule says what makes its finding worse, and unrelated changes do not."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from kustodian.model.manifest import Manifest
from kustodian.model.measure import Measure
from kustodian.policy.catalogue import all_rules, by_id
from kustodian.policy.evaluate import Hit
from kustodian.policy.rule import Rule, WaiverRule, Worse
from kustodian.review.check.findings import measure_of
from tests.rules.fixtures import Fixture, file_fixtures
from tests.rules.test_rules import evaluate, hits_of

FAILING = [fixture for fixture in file_fixtures() if fixture.failing]


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_every_rule_says_what_is_worse(rule: Rule) -> None:
    assert rule.worse is not None, "say so with `worse=Worse...`: docs/rule-api.md"
    assert not isinstance(rule, WaiverRule) or rule.worse is Worse.NEVER


@pytest.mark.parametrize("fixture", FAILING, ids=lambda fixture: fixture.id)
def test_violations_have_a_measure_where_it_decides(fixture: Fixture) -> None:
    decides = by_id()[fixture.rule].worse is Worse.BY_MEASURE
    hits, _ = hits_of(fixture)
    assert {hit.violation.measure is not None for hit in hits} <= {decides}


@pytest.mark.parametrize("fixture", FAILING, ids=lambda fixture: fixture.id)
def test_unrelated_changes_are_not_worse(fixture: Fixture) -> None:
    before, manifests = hits_of(fixture)
    after = evaluate(fixture, [_changed(manifest) for manifest in manifests])
    assert Counter(map(_measure, after)) == Counter(map(_measure, before))


def _measure(hit: Hit) -> Measure | None:
    return measure_of(hit.rule, hit.violation, hit.manifest)


def _changed(manifest: Manifest) -> Manifest:
    """The object with another annotation, and with the keys of all mappings in another order."""
    data: dict[str, Any] = _reversed(manifest.data)
    metadata = data.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("annotations", {}), dict):
        metadata["annotations"] = {**metadata.get("annotations", {}), "example.com/note": "unrelated"}
    return Manifest(data, manifest.provenance)


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reversed(item) for key, item in reversed(value.items())}
    return [_reversed(item) for item in value] if isinstance(value, list) else value
