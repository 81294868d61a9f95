"""Rule fixtures: YAML files whose comments say what must be found, and where.

`# expect: rule-id` stands on the line of a finding; a first line `# config: {...}` sets the context.
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
    """One fixture file: its rule, whether it must fail, its context, and the expected (line, rule) pairs."""

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
    """The (line, rule) pairs that a file's comments ask for."""
    return frozenset(
        (number, rule.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := _EXPECT.search(line))
        for rule in match.group(1).split(",")
    )


def read_fixture(path: Path) -> Fixture:
    """Read one fixture file."""
    text = path.read_text()
    header = _CONFIG.match(text)
    config = YAML(typ="safe").load(header.group(1)) if header else {}
    return Fixture(path.parent.name, path, path.name.startswith("fail"), config, expectations(text))


def file_fixtures() -> list[Fixture]:
    """Every `fail*.yaml` and `pass*.yaml`, in a stable order."""
    found = sorted(p for p in FIXTURES.glob("*/*.yaml") if p.name.startswith(("fail", "pass")))
    return [read_fixture(path) for path in found]


def folder_fixtures() -> list[Path]:
    """Every fixture of a repository rule: a folder `fail-*` or `pass-*`."""
    return sorted(p for p in FIXTURES.glob("*/*-*/") if p.name.startswith(("fail", "pass")))
