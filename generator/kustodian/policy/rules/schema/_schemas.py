"""The schemas that the rules of this topic need."""

from __future__ import annotations

from kustodian.policy.rule import Context
from kustodian.schemas.registry import Schemas


def schemas_of(context: Context) -> Schemas:
    """The schemas of the run. Raises ValueError if the evaluator has none."""
    if context.schemas is None:
        raise ValueError("the schema rules need schemas in their context")
    return context.schemas
