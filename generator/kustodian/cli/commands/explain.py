"""`kustodian explain RULE`: print the manual page of a rule."""

from __future__ import annotations

from typing import Annotated

import typer

from kustodian.model.errors import UserError, nearest


def explain(rule: Annotated[str, typer.Argument(help="The id of the rule, as in a finding.")]) -> int:
    """Explain what a rule finds, why it matters and how to fix it.

    Example: kustodian explain unpinned-image
    """
    from kustodian.policy.lookup import rule_by_id
    from kustodian.policy.manual_page import as_text

    found = rule_by_id(rule)
    if found is None:
        from kustodian.policy.catalogue import by_id

        close = nearest(rule, set(by_id()))
        hint = f"did you mean `{close}`?" if close else "`kustodian rules` lists them"
        raise UserError(f"unknown rule `{rule}`", hint=hint)
    print(as_text(found))
    return 0
