"""Waivers: accepted findings, each with a reason, an owner and a last day.

A waiver is an entry of kustodian.yaml, or a comment on the line of the finding or the line above:
`# kustodian: allow RULE reason="..." owner=... expires=2027-01-31`. An expired waiver covers nothing. A
waiver that is expired, or covers nothing, is a finding itself.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase

from kustodian.model.errors import UserError, nearest
from kustodian.model.finding import FOREIGN_RULES, AppliedWaiver, Finding, Location
from kustodian.policy.catalogue import by_id

#: A waiver comment; `rest` is what follows "allow".
COMMENT = re.compile(r"#\s*kustodian:\s*allow\b\s*(?P<rest>.*)$")
_FIELDS = ("reason", "owner", "expires")


@dataclass(slots=True)
class Waiver:
    """One waiver; `expires` is its last day.

    `object` is `Kind/name` or `Kind/namespace/name`, with `*` as a wildcard; empty for a comment. `covered`
    is the number of findings that it applies to. `lines` limits a comment to these lines of its file, None
    for the line that it is on and the next.
    """

    rule: str
    reason: str
    owner: str
    expires: date
    location: Location
    object: str = ""
    environments: tuple[str, ...] = ()
    covered: int = field(default=0, compare=False)
    lines: frozenset[int] | None = None

    @property
    def is_comment(self) -> bool:
        """Whether it is a comment at a source line rather than an entry of kustodian.yaml."""
        return not self.object

    def applies_to(self, finding: Finding) -> bool:
        """Whether the waiver is for this finding, expired or not."""
        if self.rule != finding.rule:
            return False
        if self.environments and finding.environment not in self.environments:
            return False
        if self.is_comment:
            own = (self.location.line, self.location.line + 1)
            lines = own if self.lines is None else self.lines
            return finding.source.file == self.location.file and finding.source.line in lines
        return _object_matches(self.object, finding)


class WaiverBook:
    """All waivers of a run, on one day."""

    def __init__(self, waivers: Iterable[Waiver], today: date) -> None:
        """A waiver has expired if its last day is before `today`."""
        self.waivers = list(waivers)
        self.today = today

    def apply(self, findings: Iterable[Finding]) -> None:
        """Set the waiver of each finding that one covers, except findings of rules that are not waivable."""
        for finding in findings:
            rule = by_id().get(finding.rule)
            if rule is not None and not rule.waivable:
                continue
            for waiver in self.waivers:
                if waiver.applies_to(finding):
                    waiver.covered += 1
                    if waiver.expires >= self.today:
                        finding.waiver = AppliedWaiver(
                            waiver.reason, waiver.owner, waiver.expires.isoformat(), waiver.location
                        )
                        break

    @property
    def expired(self) -> list[Waiver]:
        """The waivers past their last day."""
        return [waiver for waiver in self.waivers if waiver.expires < self.today]

    @property
    def unused(self) -> list[Waiver]:
        """The waivers that are not expired and cover nothing."""
        return [w for w in self.waivers if w.expires >= self.today and not w.covered]


def comment_waivers(file: str, lines: Iterable[str]) -> list[Waiver]:
    """The waivers in a file's comments. Raises UserError for a waiver with an error in it."""
    return [
        _read_comment(match.group("rest"), Location(file, number, match.start() + 1))
        for number, line in enumerate(lines, start=1)
        if (match := COMMENT.search(line))
    ]


def _read_comment(text: str, location: Location) -> Waiver:
    example = 'write `# kustodian: allow RULE reason="..." owner=TEAM expires=2027-01-31`'

    def error(message: str) -> UserError:
        return UserError(message, location.file, location.line, location.column, example)

    try:
        words = shlex.split(text)
    except ValueError:
        raise error("this waiver has a quote that is not closed") from None
    rule = words[0] if words else ""
    if rule not in by_id() and not rule.startswith(FOREIGN_RULES):
        close = nearest(rule, set(by_id()))
        raise error(f"unknown rule `{rule}` in a waiver" + (f"; did you mean `{close}`?" if close else ""))
    values: dict[str, str] = {}
    last_name = ""
    for word in words[1:]:
        name, separator, value = word.partition("=")
        if separator and name in _FIELDS:
            values[name], last_name = value, name
        elif last_name:
            # A reason of several words may be written without quotes.
            values[last_name] += f" {word}"
        else:
            raise error(f"`{word}` is not one of reason=, owner=, expires=")
    missing = [name for name in _FIELDS if not values.get(name)]
    if missing:
        raise error(f"this waiver has no {', '.join(missing)}")
    try:
        expires = date.fromisoformat(values["expires"])
    except ValueError:
        raise error(f"`{values['expires']}` is not a date (want YYYY-MM-DD)") from None
    return Waiver(rule, values["reason"], values["owner"], expires, location)


def _object_matches(pattern: str, finding: Finding) -> bool:
    if finding.object is None:
        return pattern == "*"
    ref = finding.object
    parts = pattern.split("/")
    if len(parts) == 3:
        actual = [ref.kind, ref.namespace or "", ref.name]
    elif len(parts) == 2:
        actual = [ref.kind, ref.name]
    else:
        return pattern == "*"
    return all(fnmatchcase(value, part) for value, part in zip(actual, parts, strict=True))
