"""What a report needs to know of a rule beside its findings."""

from __future__ import annotations

from typing import NamedTuple

from kustodian.model.environment import Severity


class RuleHelp(NamedTuple):
    """A rule's manual page as values.

    `level` is the severity in prod, None where the rule is off there; `markdown` the whole page; `url` the
    public document that the rule rests on, None where its page names none.
    """

    id: str
    title: str
    why: str
    fix: str
    markdown: str
    level: Severity | None = None
    tags: tuple[str, ...] = ()
    url: str | None = None
