"""Rules of the topic "schema"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.schema import (
    deprecated_api,
    duplicate_definition,
    invalid_manifest,
    removed_api,
    shipped_schema_shadowed,
    unknown_kind,
    unreadable_definition,
    unserved_crd_version,
)

RULES: tuple[Rule, ...] = (
    invalid_manifest.RULE,
    unknown_kind.RULE,
    deprecated_api.RULE,
    removed_api.RULE,
    unserved_crd_version.RULE,
    unreadable_definition.RULE,
    duplicate_definition.RULE,
    shipped_schema_shadowed.RULE,
)
