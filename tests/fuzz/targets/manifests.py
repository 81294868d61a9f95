"""Objects of any shape against every rule about objects."""

from __future__ import annotations

import json
import re

from kustodian.model.environment import Environment, EnvironmentClass
from kustodian.model.manifest import Manifest, Provenance
from kustodian.model.overlay import Overlay, RenderedOverlay
from kustodian.policy.catalogue import all_rules
from kustodian.policy.evaluate import Evaluator
from kustodian.policy.rule import RepositoryRule, WaiverRule
from kustodian.policy.settings import Settings
from kustodian.report.escape import plain
from kustodian.schemas.registry import Schemas
from tests.fuzz.target import Target
from tests.fuzz.targets.yaml_files import loaded, text_of
from tests.rules.fixtures import file_fixtures, without_expectations


def rules(data: bytes) -> None:
    """No rule fails, whatever an object looks like, and each violation can be shown."""
    documents = [one for one in loaded(text_of(data)) or [] if isinstance(one, dict)]
    try:
        documents = json.loads(json.dumps(documents, allow_nan=False))  # the engine gives nothing else
    except (TypeError, ValueError, RecursionError):
        return
    settings = Settings(
        version="1.34", registries=("registry.example.com",), cpu_limits="forbid",
        schemas=Schemas("1.34", [Manifest(one) for one in documents if one.get("kind") == "CustomResourceDefinition"]),
    )  # fmt: skip
    evaluator = Evaluator(
        [rule for rule in all_rules() if not isinstance(rule, RepositoryRule | WaiverRule)], settings
    )
    manifests = [Manifest(one, Provenance("a.yaml", document=n)) for n, one in enumerate(documents)]
    overlay = Overlay("overlays/prod", Environment("prod", EnvironmentClass.PROD, 1))
    for hit in evaluator.evaluate_overlay(RenderedOverlay(overlay, manifests)):
        assert hit.violation.message
        plain(hit.violation.message).encode()
    assert not evaluator.failures, evaluator.failures


def _fixtures() -> tuple[bytes, ...]:
    texts = [without_expectations(fixture.path.read_text()) for fixture in file_fixtures() if fixture.failing]
    return tuple(re.sub("(?m)^ *#.*\n", "", text)[:3000].encode() for text in texts)


TARGETS = (
    Target("rules", rules, _fixtures(), (
        "null", "[]", "{}", "''", "-1", "1e300", "²", "9" * 5000, "true", "[{}]", "[null]", "{a: null}", "kind: ", "name: ", "spec: ", "\n  ", "\n    - ",
        "*/5 * * * *", "@every 1h", "100%", "500m", "1.5.5", "0.0.0.0/0", "::/0", "http://", "a=b", "(", "%", "../..", "$(A)", "2027-01-01",
    )),
)  # fmt: skip
