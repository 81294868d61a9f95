"""Rules of the topic "schema"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.schema import (
    deprecated_api,
    invalid_manifest,
    removed_api,
    unknown_kind,
    unserved_crd_version,
)

RULES: tuple[Rule, ...] = (
    invalid_manifest.RULE,
    unknown_kind.RULE,
    deprecated_api.RULE,
    removed_api.RULE,
    unserved_crd_version.RULE,
)
