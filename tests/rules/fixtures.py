"""Rule fixtures: YAML files whose comments mark the expected findings.

A line with a finding ends in `# expect: rule-id`; a first line `# config: {...}` sets the context.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

FIXTURES = Path(__file__).parent
_EXPECT = re.compile(r"#\s*expect:\s*([a-z0-9-]+(?:\s*,\s*[a-z0-9-]+)*)\s*$")
_CONFIG = re.compile(r"\A# config:\s*(\{.*\})\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Fixture:
    """One fixture file: its rule, whether the rule must fail it, its context, its expected findings.

    `expected` holds (line, rule) pairs.
    """

    rule: str
    path: Path
    failing: bool
    config: dict[str, Any] = field(default_factory=dict)
    expected: frozenset[tuple[int, str]] = frozenset()

    @property
    def id(self) -> str:
        """`unpinned-image/fail.yaml`."""
        return f"{self.rule}/{self.path.name}"


def expectations(text: str) -> frozenset[tuple[int, str]]:
    """The (line, rule) pairs that a file's comments expect."""
    return frozenset(
        (number, rule.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := _EXPECT.search(line))
        for rule in match.group(1).split(",")
    )


def without_expectations(text: str) -> str:
    """The text without its `# expect:` comments."""
    return "".join(_EXPECT.sub("", line).rstrip() + "\n" for line in text.splitlines())


def read_fixture(path: Path) -> Fixture:
    """Read one fixture file."""
    text = path.read_text()
    header = _CONFIG.match(text)
    config = YAML(typ="safe").load(header.group(1)) if header else {}
    return Fixture(path.parent.name, path, path.name.startswith("fail"), config, expectations(text))


def file_fixtures() -> list[Fixture]:
    """Every `fail*.yaml` and `pass*.yaml`, in a stable order."""
    paths = sorted(p for p in FIXTURES.glob("*/*.yaml") if p.name.startswith(("fail", "pass")))
    return [read_fixture(path) for path in paths]


def folder_fixtures() -> list[Path]:
    """Every fixture of a repository rule: a folder `fail-*` or `pass-*`."""
    return sorted(p for p in FIXTURES.glob("*/*-*/") if p.name.startswith(("fail", "pass")))


def fixed_path(failing: Path) -> Path:
    """The file or folder with the result of `check --fix`: `fixed.yaml` for `fail.yaml`."""
    return failing.with_name(failing.name.replace("fail", "fixed", 1))
