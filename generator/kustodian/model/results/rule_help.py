"""A rule's manual page, for reports."""

from __future__ import annotations

from typing import NamedTuple

from kustodian.model.environment import Severity


class RuleHelp(NamedTuple):
    """The parts of a rule's manual page.

    `level` is the severity in prod, None if the rule is off there; `markdown` is the whole page; `url` is the
    public document that the rule is based on, None if its page does not name one.
    """

    id: str
    title: str
    why: str
    fix: str
    markdown: str
    level: Severity | None = None
    tags: tuple[str, ...] = ()
    url: str | None = None
