"""Credentials in the text of a file: properties, YAML, JSON, shell scripts and program code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from kustodian.policy.rules.secrets._command import credentials_in_script
from kustodian.policy.rules.secrets._detector import credential, literal_credential
from kustodian.policy.rules.secrets._names import kind_of
from kustodian.policy.rules.secrets._values import credential_in, format_in, transport_in

#: In program code, only quoted text is a literal; anything else is an expression.
_CODE = (
    ".py",
    ".js",
    ".ts",
    ".mjs",
    ".go",
    ".java",
    ".lua",
    ".rb",
    ".groovy",
    ".scala",
    ".kt",
    ".rs",
    ".r",
    ".tpl",
)
_SHELL = (".sh", ".bash")
_LINE = re.compile(
    r"""\s*(?:export\s+|set\s+|-\s+|const\s+|let\s+|var\s+)?["']?(?:/[\w./:-]*:)?([A-Za-z_][\w.\-]*)["']?"""
    r"""\s*(?:=>|:=|=|:)\s*(\S.*)"""
)
#: A line without any of these cannot match the slower patterns.
_SUSPECT = re.compile(
    "pass|secret|token|key|cred|auth|pwd|cookie|value|://|bearer|basic", re.IGNORECASE | re.ASCII
)
_COMMENT = ("#", "// ", ";", "--", "*", "<!--")
_ITEM_NAME = re.compile(r"""\s*-?\s*["']?name["']?\s*[:=]\s*["']?([\w.\-]+)["']?,?\s*""")
_ITEM_VALUE = re.compile(r"""\s*["']?value["']?\s*[:=]\s*(\S.*)""")
#: In the manifests of operators, `secretKey: password` names a key of a Secret.
_MAY_NAME_A_KEY = frozenset({"secretKey", "apiKey", "accessKey"})
_WORDS_ONLY = re.compile(r"[A-Za-z]+(?:[-_.][A-Za-z]+)*")


def credentials_in_file(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Each line of a file that holds a credential: its number, from 1, and what the credential is."""
    if text.lstrip()[:1] in ("{", "[") and "\n" not in text.strip():
        yield from _credentials_in_json(text)
    elif name.lower().endswith(_SHELL) or re.match(r"#!.*\bsh\b|#!.*\bbash\b", text):
        yield from credentials_in_script(text)
    else:
        yield from _credentials_in_lines(text, code=name.lower().endswith(_CODE) or text.startswith("#!"))


def _credentials_in_lines(text: str, code: bool) -> Iterator[tuple[int, str]]:
    item, has_format = "", format_in(text) is not None
    for number, line in enumerate(text.splitlines(), start=1):
        description = format_in(line) if has_format else None
        if description is None and _SUSPECT.search(line) and not line.lstrip().startswith(_COMMENT):
            anywhere = transport_in(line) if code else credential_in(line)
            description = anywhere or _credential_in_line(line, code) or _credential_in_item(item, line)
        if description:
            yield number, description
        name = _ITEM_NAME.fullmatch(line) if "name" in line else None
        item = name[1] if name else ""


def _credential_in_line(line: str, code: bool) -> str | None:
    match = _LINE.match(line)
    if match is None or kind_of(match[1]) is None:
        return None
    name, value = match[1], _literal(match[2], code)
    if value is None or (name in _MAY_NAME_A_KEY and _WORDS_ONLY.fullmatch(value)):
        return None
    return f"a literal credential in {name}" if literal_credential(name, value) else None


def _credential_in_item(name: str, line: str) -> str | None:
    """What credential a line `value: ...` holds after a line `- name: DB_PASSWORD`; None if it holds none."""
    match = _ITEM_VALUE.match(line) if name else None
    value = _literal(match[1], code=False) if match else None
    return (
        f"a literal credential in {name}" if value is not None and literal_credential(name, value) else None
    )


def _literal(rest: str, code: bool) -> str | None:
    """The literal to the right of `name =`; None if it is an expression, a mapping or a list."""
    if rest[0] in "\"'":
        end = rest.find(rest[0], 1)
        return rest[1:end] if end > 0 else None
    if code or rest[0] in "[{(|>&*!`" or "(" in rest:
        return None
    return rest.partition(" #")[0].rstrip(" \t,;")


def _credentials_in_json(text: str) -> Iterator[tuple[int, str]]:
    try:
        values = list(leaves(json.loads(text), ""))
    except (ValueError, RecursionError):
        values = [("", text)]
    found = (what for name, value in values if (what := named_credential(name, value)))
    for description in found:
        yield 1, description
        return


def named_credential(name: str, value: str) -> str | None:
    """What credential a value of a JSON file holds and where; None if it holds none."""
    description = credential(name, value)
    return f"{description} in {name}" if name and description else description


def leaves(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """The texts in a JSON value at any depth, in order, each with the nearest key."""
    queue = [(name, value)]
    while queue:
        name, value = queue.pop()
        if isinstance(value, dict):
            queue += [(str(key), child) for key, child in reversed(value.items())]
        elif isinstance(value, list):
            queue += [(name, child) for child in reversed(value)]
        elif isinstance(value, str):
            yield name, value
