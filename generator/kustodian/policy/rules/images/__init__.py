"""Rules of the topic "images"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.images import unpinned_image

RULES: tuple[Rule, ...] = (unpinned_image.RULE,)
