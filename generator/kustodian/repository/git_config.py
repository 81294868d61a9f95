"""Read git's configuration files without git, and write one that holds only settings that run nothing.

git reads a repository's configuration before it does anything, and dozens of its settings name programs. They
cannot all be overridden (filters, aliases and includes have names of the author's choosing), so the
repository's file is never shown to git: a new one is, with the settings listed here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

_FLAGS = frozenset(("true", "false", "yes", "no", "on", "off", "1", "0"))
#: Settings that change what git answers, and the values that may be copied.
_COPIED = {
    "core.filemode": _FLAGS,
    "core.symlinks": _FLAGS,
    "core.ignorecase": _FLAGS,
    "core.precomposeunicode": _FLAGS,
    "core.autocrlf": _FLAGS | {"input"},
    "core.eol": frozenset(("lf", "crlf", "native")),
    "core.repositoryformatversion": frozenset(("0", "1")),
    "extensions.objectformat": frozenset(("sha1", "sha256")),
    "extensions.refstorage": frozenset(("files", "reftable")),
}
#: Those of them that the user's own configuration may set.
_OF_USER = ("core.autocrlf", "core.eol")
#: Settings behind `branch@{upstream}`: section and key; the part between them is a branch or a remote.
_NAMED = frozenset((("branch", "remote"), ("branch", "merge"), ("remote", "fetch")))
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b"}


def settings_in(text: str) -> Iterator[tuple[str, str]]:
    """Every `section.subsection.key` with its value, in order; lines that are not understood are left out.

    Includes are not followed. Section and key are in lower case.
    """
    section = ""
    lines = iter(text.removeprefix("\ufeff").split("\n"))
    for line in lines:
        rest = line.strip()
        if rest.startswith("["):
            header, rest = _header(rest)
            if header is None:
                continue
            section = header
        if not rest or rest[0] in "#;":
            continue
        key, equals, value = rest.partition("=")
        key = key.strip().lower()
        while _continues(value):
            value = value[:-1] + next(lines, "")
        if section and key.replace("-", "").isalnum():
            yield f"{section}.{key}", _value(value) if equals else "true"


def safe_config(repository: str, user: str) -> str:
    """A configuration file for git, made from the texts of the repository's and the user's.

    It has no setting that names a program, a file or a remote's address.
    """
    kept = {name: value for name, value in settings_in(user) if name in _OF_USER and _may_copy(name, value)}
    named: list[tuple[str, str, str, str]] = []
    for name, value in settings_in(repository):
        section, _, rest = name.partition(".")
        middle, _, key = rest.rpartition(".")
        if _may_copy(name, value):
            kept[name] = value.lower()
        elif middle and (section, key) in _NAMED and _is_plain(middle) and _is_plain(value):
            named.append((section, middle, key, value))
    lines = ["[core]\n\tbare = false\n"]
    for name, value in kept.items():
        section, _, key = name.partition(".")
        lines.append(f"[{section}]\n\t{key} = {value}\n")
    lines += [f'[{section} "{middle}"]\n\t{key} = "{value}"\n' for section, middle, key, value in named]
    return "".join(lines)


def user_config_files() -> list[str]:
    """The paths of the user's own configuration files; the later ones win. They may not exist."""
    home = os.environ.get("HOME", "")
    xdg = os.environ.get("XDG_CONFIG_HOME") or (os.path.join(home, ".config") if home else "")
    files = [os.path.join(xdg, "git", "config")] if xdg else []
    return files + ([os.path.join(home, ".gitconfig")] if home else [])


def user_excludes_file(user: str) -> str | None:
    """The user's global ignore file, from the text of the user's configuration; None if there is no home."""
    home = os.environ.get("HOME", "")
    named = [value for name, value in settings_in(user) if name == "core.excludesfile"]
    if named:
        path = os.path.join(home, named[-1][2:]) if named[-1].startswith("~/") else named[-1]
        return path if os.path.isabs(path) else None
    xdg = os.environ.get("XDG_CONFIG_HOME") or (os.path.join(home, ".config") if home else "")
    return os.path.join(xdg, "git", "ignore") if xdg else None


def _may_copy(name: str, value: str) -> bool:
    return value.lower() in _COPIED.get(name, ())


def _is_plain(text: str) -> bool:
    """Whether a text may stand between double quotes as it is."""
    return bool(text) and text.isprintable() and '"' not in text and "\\" not in text


def _header(line: str) -> tuple[str | None, str]:
    """The section of `[section "subsection"]`, None if it is malformed, and what follows on the line."""
    name, quote, rest = line[1:].partition('"')
    if quote and "]" not in name:
        middle, position = "", 0
        while position < len(rest) and rest[position] != '"':
            position += rest[position] == "\\"
            middle += rest[position : position + 1]
            position += 1
        after = rest[position + 1 :].lstrip()
        return (f"{name.strip().lower()}.{middle}", after[1:].strip()) if after[:1] == "]" else (None, "")
    name, bracket, after = line[1:].partition("]")
    return (name.strip().lower(), after.strip()) if bracket else (None, "")


def _continues(value: str) -> bool:
    """Whether a line ends in a backslash that is not escaped itself."""
    return (len(value) - len(value.rstrip("\\"))) % 2 == 1


def _value(written: str) -> str:
    """A value without comments, quotes and escapes."""
    value, kept, quoted, escaped = "", 0, False, False
    for char in written.strip():
        if escaped:
            value, escaped = value + _ESCAPES.get(char, char), False
        elif char == "\\":
            escaped = True
            continue
        elif char == '"':
            quoted = not quoted
        elif char in "#;" and not quoted:
            break
        else:
            value += char
            if char.isspace() and not quoted:
                continue
        kept = len(value)
    return value[:kept]
