"""What the rules of this topic share."""

from __future__ import annotations

from kustodian.policy.rule import Context
from kustodian.schemas.registry import Schemas


def schemas_of(context: Context) -> Schemas:
    """The schemas of the run. Raises ValueError where the evaluator was given none."""
    if context.schemas is None:
        raise ValueError("the schema rules need schemas in their context")
    return context.schemas
