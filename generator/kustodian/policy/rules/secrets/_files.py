"""Credentials in the text of a file: properties, YAML, JSON, shell scripts and program code.

And Secrets in files that are no manifests to a renderer: copies, hidden ones, those that do not parse.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from kustodian.kustomize.folders import ASIDE
from kustodian.kustomize.references import targets
from kustodian.model.measure import Measure, hidden_entry, members
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rules.secrets._command import credentials_in_script
from kustodian.policy.rules.secrets._detector import (
    credential,
    has_credential,
    is_plaintext,
    literal_credential,
    plaintext_fields,
)
from kustodian.policy.rules.secrets._encryption import is_encrypted_file, meant_for_sops, readable_text
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
#: Files whose text may quote a Secret without being one, and files that are no text.
_NO_MANIFEST = re.compile(
    r"\.(?:md|rst|adoc|html?|css|svg|png|jpe?g|gif|ico|webp|pdf|zip|t?gz|xz|whl|so|woff2?|lock|sum|mod|rego|csv|ipynb"
    r"|py|pyi|js|ts|tsx|jsx|mjs|go|java|lua|rb|groovy|scala|kt|rs|r|c|h|cc|cpp|sh|bash|tpl|gotmpl|j2|tf|proto|sql|patch|diff)\Z",
    re.IGNORECASE,
)
_ENV_NAME = re.compile(r"\.env(?:\.[\w.-]+)?|[\w.-]*\.env")
_ENV_EXAMPLE = re.compile(r"example|sample|template|dist|default|\btest\b", re.IGNORECASE)
_SECRET_KIND = re.compile(r"""(?:^[ \t-]*|[{,]\s*)["']?kind["']?[ \t]*:[ \t]*["']?Secret\b""", re.MULTILINE)
_DOCUMENT = re.compile(r"^---(?:[ \t].*)?$", re.MULTILINE)
_FIELD = re.compile(r"""^(\s*)["']?(data|stringData)["']?\s*:\s*$""")
_FLOW = re.compile(r"""["']?\b(data|stringData)["']?\s*:\s*\{([^{}]*)\}""")
_ENTRY = re.compile(r"""^(\s+)["']?([\w.-]+)["']?\s*:\s*(\S.*)$""")


def secrets_beside_manifests(view: RepositoryView) -> Iterator[SourceViolation]:
    """One violation for each other file with a Secret, and for each unlisted .env file with a credential."""
    manifests, named = {*view.yaml_files, *view.kustomizations}, targets(view)
    for file in view.sorted_files:
        folder, _, name = file.rpartition("/")
        if file in manifests or _NO_MANIFEST.search(name) or not ASIDE.isdisjoint(folder.split("/")):
            continue
        if _ENV_NAME.fullmatch(name):
            if file not in named and not _ENV_EXAMPLE.search(name):
                yield from _in_env_file(view, file)
            continue
        content = readable_text(view, file)
        if "Secret" in content and "ata" in content and _SECRET_KIND.search(content):
            keys = _keys_in_plain_text(view, file, content)
            if (
                has_credential(keys)
                and file not in meant_for_sops(view)
                and not is_encrypted_file(view, file)
            ):
                message = f"{file} holds a Secret with values in plain text: {', '.join(keys)}"
                yield SourceViolation(file, (), message, measure=_lines(content))


def _in_env_file(view: RepositoryView, file: str) -> Iterator[SourceViolation]:
    content = readable_text(view, file)
    found = list(credentials_in_file(file, content))
    if found and file not in meant_for_sops(view) and not is_encrypted_file(view, file):
        line, what = found[0]
        message = f"{file} holds {what} in line {line}, and no kustomization reads it"
        yield SourceViolation(
            file,
            (),
            message,
            measure=members(hidden_entry(what, line) for what, line in _found(found, content)),
        )


def _found(found: Iterable[tuple[int, str]], content: str) -> Iterator[tuple[str, str]]:
    lines = content.splitlines()
    return ((what, lines[number - 1] if number <= len(lines) else "") for number, what in found)


def _lines(content: str) -> Measure:
    return members(hidden_entry("a line", line.strip()) for line in content.splitlines() if line.strip())


def _keys_in_plain_text(view: RepositoryView, file: str, content: str) -> list[str]:
    """The keys of Secrets with readable values; line by line if the file does not parse."""
    documents = [document for document in view.load(file) if document.get("kind") == "Secret"]
    fields = [keys for document in documents for _, keys in plaintext_fields(document)]
    return [key for keys in fields for key in keys] if documents else list(_keys_in_lines(content))


def _keys_in_lines(content: str) -> Iterator[str]:
    for document in _DOCUMENT.split(content):
        if _SECRET_KIND.search(document):
            yield from _keys_in_braces(document)
            yield from _keys_below_fields(document.splitlines())


def _keys_in_braces(document: str) -> Iterator[str]:
    """The keys with readable values of `stringData: {a: b}`, in YAML or JSON."""
    for field, inside in _FLOW.findall(document):
        for part in inside.split(","):
            key, _, value = (word.strip().strip("\"'") for word in part.partition(":"))
            if value and is_plaintext(_from_base64(value) if field == "data" else value):
                yield key


def _keys_below_fields(lines: list[str]) -> Iterator[str]:
    """The keys below `data:` or `stringData:` whose values are readable; a block counts by its first line."""
    field, indent = "", -1
    for number, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if (opened := _FIELD.match(line)) is not None:
            field, indent = opened[2], len(opened[1])
        elif field and len(line) - len(line.lstrip()) <= indent:
            field = ""
        elif field and (entry := _ENTRY.match(line)) is not None:
            value = entry[3].strip()
            if value[0] in "|>":
                value = "".join(lines[number + 1 : number + 2]).strip()
            value = value.strip("\"'")
            if is_plaintext(_from_base64(value) if field == "data" else value):
                yield entry[2]


def _from_base64(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return value


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
