"""Credentials on command lines: flags, assignments, and whole shell scripts.

The flags that take a password are those that the programs' manuals document.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from kustodian.policy.rules.secrets._detector import literal_credential
from kustodian.policy.rules.secrets._names import Kind
from kustodian.policy.rules.secrets._values import credential_in, is_credential

_FLAG = re.compile(r"--?(?:D(?=[a-z][\w-]*\.))?([A-Za-z][\w.\-]*)(?:=(.*))?", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_][\w.\-]*)=(.*)", re.DOTALL)
_SHELL_VARIABLE = re.compile(r"\$[A-Za-z_{(]|`")
#: `sh -c`, `bash -euxc`: the next word is a script.
_SCRIPT_FLAG = re.compile(r"-[a-z]*c")
_SEPARATORS = frozenset({
    ";", "&&", "||", "|", "&", "then", "do", "else", "export", "exec", "env", "sudo", "{", "}", "(", ")",
    "!", "time", "nohup", "if", "while",
})  # fmt: skip

#: The short flag with which a program takes a password, as the next word or attached to the flag ...
_PASSWORD_FLAGS = {
    "redis-cli": "-a", "sshpass": "-p", "mongo": "-p", "mongosh": "-p", "mongodump": "-p",
    "mongorestore": "-p", "ldapsearch": "-w", "docker login": "-p", "podman login": "-p",
    "nerdctl login": "-p", "skopeo login": "-p", "oras login": "-p",
}  # fmt: skip
#: ... or only attached to it: `mysql -p` followed by a space prompts for the password.
_ATTACHED_PASSWORD_FLAGS = dict.fromkeys(
    ("mysql", "mysqldump", "mysqladmin", "mysqlimport", "mariadb", "mariadb-dump", "mariadb-admin"), "-p"
)
_USER_FLAGS = ("-u", "--user", "--proxy-user")
#: `mc alias set NAME URL ACCESS SECRET`
_MC_SECRET = 6


def credentials_in_command(words: list[str]) -> Iterator[tuple[int, str]]:
    """Each word of a command line that holds a credential: its index, and what the credential is."""
    for index, word in enumerate(words):
        if is_script(words, index):
            for _, what in credentials_in_script(word):
                yield index, what
                break
        elif description := _credential_at(words, index):
            yield index, description


def is_script(words: list[str], index: int) -> bool:
    """Whether a word of a command line is a script, as after `sh -c`."""
    return index > 0 and _SCRIPT_FLAG.fullmatch(words[index - 1]) is not None


def credentials_in_script(script: str) -> Iterator[tuple[int, str]]:
    """Each line of a shell script that holds a credential: its number, from 1, and what the credential is."""
    joined = script.replace("\x00", " ").replace("\\\n", "\x00")
    number = 1
    for line in joined.split("\n"):
        text = line.replace("\x00", " ")
        description = None if text.lstrip().startswith("#") else _credential_in_line(text)
        if description:
            yield number, description
        number += 1 + line.count("\x00")


def _credential_in_line(line: str) -> str | None:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        words = line.split()
    for command in _simple_commands(words):
        for index in range(len(command)):
            if description := _credential_at(command, index):
                return description
    return None


def _simple_commands(words: list[str]) -> Iterator[list[str]]:
    current: list[str] = []
    for word in words:
        if word in _SEPARATORS:
            yield current
            current = []
        elif word.endswith(";"):
            yield [*current, word.rstrip(";")]
            current = []
        else:
            current.append(word)
    yield current


def _credential_at(words: list[str], index: int) -> str | None:
    """What credential a word holds, given the words before it; None if it holds none."""
    word, before = words[index], words[index - 1] if index else ""
    program = words[0].rpartition("/")[2]
    assignment = _ASSIGNMENT.fullmatch(word)
    if assignment and _is_literal(assignment[1], assignment[2]):
        return f"a literal credential in {assignment[1]}"
    flag = _FLAG.fullmatch(word)
    if flag and flag[2] and _is_literal(flag[1], flag[2]):
        return f"a literal credential in {word.partition('=')[0]}"
    flag = _FLAG.fullmatch(before)
    if flag and flag[2] is None and not word.startswith("-") and _is_literal(flag[1], word):
        return f"a literal credential after {before}"
    if _is_password_argument(program, words[1] if index > 1 else "", before, word):
        return f"a password for {program}"
    if words[:3] in (["mc", "alias", "set"], ["mc", "config", "host"]) and index == _MC_SECRET:
        return "a password for mc" if is_credential(word, Kind.PASSWORD) else None
    return credential_in(word)


def _is_password_argument(program: str, subcommand: str, before: str, word: str) -> bool:
    flag = _PASSWORD_FLAGS.get(program) or _PASSWORD_FLAGS.get(f"{program} {subcommand}")
    if flag and before == flag:
        return is_credential(word, Kind.PASSWORD)
    flag = flag or _ATTACHED_PASSWORD_FLAGS.get(program)
    if flag and word.startswith(flag) and word != flag:
        return is_credential(word[len(flag) :], Kind.PASSWORD)
    return program == "curl" and before in _USER_FLAGS and is_credential(word, Kind.USER_AND_PASSWORD)


def _is_literal(name: str, value: str) -> bool:
    return not _SHELL_VARIABLE.search(value) and literal_credential(name, value) is not None
