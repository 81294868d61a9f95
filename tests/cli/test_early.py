"""What the words of a command line are taken to ask for before typer parses them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kustodian.cli.early import CommandLine

#: Words: version asked for, may render, may use the cache.
LINES = {
    "": (False, False, False),
    "--version": (True, False, False),
    "-V": (True, False, False),
    "check": (False, True, True),
    "check . --format json": (False, True, True),
    "check --no-cache .": (False, True, False),
    "check --help": (False, False, True),
    "diff": (False, True, False),
    "matrix -h": (False, False, False),
    "explain check": (False, False, False),
    "--version check": (False, False, False),
}


@pytest.mark.parametrize("words", LINES)
def test_what_a_line_asks_for(words: str) -> None:
    line = CommandLine(tuple(words.split()))
    assert (line.asks_version, line.may_render, line.may_use_cache) == LINES[words]


def test_the_root_of_the_first_existing_path_is_likely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "overlays").mkdir(parents=True)
    (tmp_path / "here" / "kustodian.yaml").touch()
    (tmp_path / "unmarked").mkdir()
    monkeypatch.chdir(tmp_path)

    def root(*words: str) -> Path | None:
        return CommandLine(("check", *words)).likely_root()

    assert root("--format", "json", "here/overlays") == tmp_path / "here"
    assert root("here/kustodian.yaml") is None
    assert root("here", "-") is None
    assert root("unmarked") is None
    monkeypatch.chdir(tmp_path / "here")
    assert root("--rule", "unpinned-image") == tmp_path / "here"
