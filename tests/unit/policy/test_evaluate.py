"""What the evaluator makes of a rule that fails in the middle."""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.environment import Environment, EnvironmentClass
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import Overlay, RenderedOverlay
from kustodian.model.violation import Violation
from kustodian.policy.evaluate import Evaluator
from kustodian.policy.rule import Context, ObjectRule
from kustodian.policy.settings import Settings


def _fails_late(manifest: Manifest, _: Context) -> Iterator[Violation]:
    yield Violation(("kind",), f"{manifest.name} seen")
    if manifest.name == "bad":
        raise KeyError("spec")


def test_a_rule_that_fails_late_has_found_nothing_and_is_reported() -> None:
    """Half of what it would have said must not pass for all of it; other objects and rules are not touched."""
    rules = [
        ObjectRule(id=name, topic="hygiene", severity="E/E/E", check=check, doc=None)
        for name, check in (("late", _fails_late), ("sound", lambda m, _: [Violation(("kind",), m.name)]))
    ]
    objects = [Manifest({"kind": "ConfigMap", "metadata": {"name": name}}) for name in ("good", "bad")]
    overlay = Overlay("overlays/prod", Environment("prod", EnvironmentClass.PROD))
    evaluator = Evaluator(rules, Settings())
    hits = evaluator.evaluate_overlay(RenderedOverlay(overlay, objects))
    assert [(hit.rule.id, hit.violation.message) for hit in hits] == [
        ("late", "good seen"), ("sound", "good"), ("sound", "bad"),
    ]  # fmt: skip
    assert [(f.rule, f.overlay, f.error) for f in evaluator.failures] == [
        ("late", "overlays/prod", "KeyError: 'spec'")
    ]
