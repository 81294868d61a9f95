"""The documentation of this project: links lead somewhere, and files that the pages for contributors name exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer._click.core import Command
from typer.core import TyperGroup
from typer.main import get_command

from kustodian.cli.app import command_line
from tests.packaging.conftest import ROOT, tracked_files

#: Written by the template, from docstrings or by a report, and tested where they are made.
GENERATED = ("template/{{", "docs/rules/", "argocd/", "tests/golden/", "tests/rules/")
PAGES = sorted(
    name.as_posix()
    for name in tracked_files(ROOT)
    if name.suffix == ".md" and not name.as_posix().startswith(GENERATED)
)
#: Pages that name files of this repository (others name files of the reader's).
ABOUT_THE_SOURCES = (
    "CONTRIBUTING.md", "README.md", "docs/acceptance.md", "docs/design.md", "docs/performance.md", "docs/rule-api.md",
    "policies/README.md",
)  # fmt: skip
#: Folders from which these pages name files.
BASES = tuple(
    ROOT / folder
    for folder in (
        "", "docs", "policies", "template", "tests/acceptance",
        "generator/kustodian", "generator/kustodian/policy", "generator/kustodian/kubernetes",
        "generator/kustodian/kubernetes/pods", "generator/kustodian/policy/admission",
        "generator/kustodian/review/locate",
    )
)  # fmt: skip
#: Files of other places: a repository that `new` wrote, the rule that CONTRIBUTING invents, a fixture's parts.
ELSEWHERE = re.compile(
    r"overlays/.+|kustodian\.yaml|version\.yaml|_name\.py|history\.json|base\.json"
    r"|(fail|pass|fixed)[-*]*(\.yaml|/)|.*interactive.container.*|__init__\.py|platform/"
)


def _slug(heading: str) -> str:
    """The anchor that forges give a heading."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def broken_links(text: str, folder: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    broken = []
    for target in re.findall(r"\]\(\s*([^)\s]+)\s*\)", _without_code(text)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = folder / name
        if not file.exists():
            broken.append(target)
        elif anchor:
            page = file.read_text(encoding="utf-8") if name else text
            slugs = {_slug(title) for title in re.findall(r"^#+ (.+)$", _without_code(page), re.MULTILINE)}
            if anchor not in slugs:
                broken.append(target)
    return broken


def missing_files(text: str) -> list[str]:
    """The files and folders that a page names and that do not exist."""
    named = re.findall(r"`([\w./*-]+(?:/|\.(?:py|go|md|json|toml|ya?ml)))`", _without_code(text))
    return [name for name in named if not ELSEWHERE.fullmatch(name) and not _exists(name)]


def _exists(name: str) -> bool:
    if "*" in name:
        return any(any(base.glob(name)) for base in BASES)
    return any((base / name).exists() for base in BASES)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    file = ROOT / page
    assert broken_links(file.read_text(encoding="utf-8"), file.parent) == []


@pytest.mark.parametrize("page", ABOUT_THE_SOURCES)
def test_named_files_exist(page: str) -> None:
    assert missing_files((ROOT / page).read_text(encoding="utf-8")) == []


def _options_by_command(command: Command, name: str = "kustodian") -> dict[str, set[str]]:
    """The long options of every subcommand, `--help` left out."""
    if isinstance(command, TyperGroup):
        parts = [_options_by_command(part, f"{name} {word}") for word, part in command.commands.items()]
        return {key: options for part in parts for key, options in part.items()}
    words = {word for option in command.params for word in option.opts if word.startswith("--")}
    return {name: words - {"--help"}}


def test_the_page_of_commands_has_every_command_and_option_and_no_other() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    sections = dict(section.split("\n", 1) for section in page.split("\n## ")[1:])
    expected: dict[str, set[str]] = {}
    for name, options in _options_by_command(get_command(command_line())).items():
        (heading,) = [title for title in sections if re.search(rf"{name}\b", title)]
        expected.setdefault(heading, set()).update(options)
    # In the text of a section, an option of another program is named with that program.
    named = {title: set(re.findall(r"`(--[a-z-]+)", text)) for title, text in sections.items()}
    assert named == expected


def test_the_page_of_fixes_lists_every_rule_that_has_some() -> None:
    page = (ROOT / "docs" / "fixes.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[([\w-]+)\]", page, re.MULTILINE)
    assert sorted(listed) == sorted(
        {path.parent.name for path in (ROOT / "tests" / "rules").glob("*/fixed*")}
    )


def test_a_broken_link_and_a_missing_file_would_be_seen() -> None:
    page = (
        "# A title\n[a](#a-title) [b](#b-title) [c](docs/none.md) [d](docs/ci.md#gitlab) [e](docs/ci.md#none)"
    )
    assert broken_links(page, ROOT) == ["#b-title", "docs/none.md", "docs/ci.md#none"]
    assert missing_files("`model/memo.py` `model/memory.py` `tests/rules/gpu-*/` `tests/rules/tpu-*/`") == [
        "model/memory.py",
        "tests/rules/tpu-*/",
    ]
