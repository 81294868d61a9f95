"""How bad a finding about a credential is: which credentials there are, as hashes and never as values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from kustodian.model.measure import Measure, hidden_entry, members
from kustodian.policy.rules.secrets._files import credentials_in_file, leaves, named_credential

_KEY = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*[:=]")


def credentials_of_file(name: str, content: str) -> Measure:
    """The credentials of a file, each by the hash of its value or line."""
    if "\n" not in content.strip():
        try:
            values = list(leaves(json.loads(content), ""))
        except (ValueError, RecursionError):
            values = []
        found = [hidden_entry(what, value) for key, value in values if (what := named_credential(key, value))]
        if found:
            return members(found)
    return credentials_of_lines(credentials_in_file(name, content), content)


def credentials_of_lines(found: Iterable[tuple[int, str]], content: str) -> Measure:
    """The credentials at these lines, each by the hash of its line; a PEM block counts as one line."""
    lines = content.split("\n")
    return members(hidden_entry(what, _statement(lines, number - 1)) for number, what in found)


def lines_of(content: str) -> Measure:
    """Every line of a file that should be encrypted."""
    written = (line.strip() for line in content.splitlines() if line.strip())
    return members(hidden_entry(_name(line), line) for line in written)


def values_of(document: object) -> Measure:
    """Every value of a document that should be encrypted."""
    entries: list[str] = []
    queue: list[tuple[object, object]] = [("a value", document)]
    while queue:
        name, value = queue.pop()
        if isinstance(value, dict):
            queue += value.items()
        elif isinstance(value, list):
            queue += [(name, item) for item in value]
        elif value is not None:
            entries.append(hidden_entry(name, value))
    return members(entries)


def _statement(lines: list[str], index: int) -> str:
    if not 0 <= index < len(lines):
        return ""
    last = index
    if "-----BEGIN" in lines[index]:
        while last + 1 < len(lines) and "-----END" not in lines[last]:
            last += 1
    while lines[last].endswith("\\") and last + 1 < len(lines):
        last += 1
    return "\n".join(line.strip() for line in lines[index : last + 1])


def _name(line: str) -> str:
    match = _KEY.match(line)
    return match[1] if match else "a line"
