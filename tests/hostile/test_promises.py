"""Every promise of docs/security.md names tests that exist, and every test of hostile input belongs to a promise."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security.md"
_NAMED = re.compile(r"`((?:tests|engine)/[\w./-]+)(?:::(\w+))?`")


def named() -> list[tuple[str, str]]:
    """The files that the page names, each with a test or none."""
    return _NAMED.findall(PAGE.read_text(encoding="utf-8"))


def functions(file: Path) -> set[str]:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".go":
        return set(re.findall(r"^func (\w+)\(", text, re.MULTILINE))
    return {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}


def test_every_named_test_exists() -> None:
    found = named()
    assert len(found) > 20
    for file, test in found:
        assert (ROOT / file).exists(), file
        assert not test or test in functions(ROOT / file), f"{file}::{test}"


def test_every_promise_has_a_test() -> None:
    """A row of a table of promises has its test in the last column."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    promises = [row for row in rows if row.count("|") == 3 and not row.startswith(("| what holds", "| who"))]
    assert len(promises) > 20
    assert [row for row in promises if not _NAMED.search(row.split("|")[2])] == []


def test_every_file_of_hostile_tests_is_named() -> None:
    files = {file.relative_to(ROOT).as_posix() for file in Path(__file__).parent.rglob("test_*.py")}
    assert files <= {file for file, _ in named()}
