"""Configuration, waivers, reports, answers, entries of the cache."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kustodian.cli import cache_files
from kustodian.model.environment import Severity
from kustodian.model.errors import UserError
from kustodian.policy.config import load_config
from kustodian.policy.waivers import WaiverBook, comment_waivers
from kustodian.report.formats import FORMATS, Style, reporter
from kustodian.report.json.read import read_json
from kustodian.report.merge import merge
from kustodian.scaffold.answers.complete import complete
from kustodian.scaffold.answers.given import Given
from tests.fuzz.target import Target
from tests.fuzz.targets.texts import inert_line, text_of

ROOT = Path(__file__).parents[3]
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def folder() -> Path:
    """A folder for the files of a run."""
    kept = tempfile.TemporaryDirectory(prefix="kustodian-fuzz-")
    _kept.append(kept)
    return Path(kept.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []


def configuration(data: bytes) -> None:
    """A configuration is read as a whole or refused with one error that names its file."""
    try:
        content = yaml.load(data, Loader=LOADER)
        json.dumps(content)  # the engine gives nothing else
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, AttributeError, RecursionError):
        return
    try:
        config = load_config(json.loads(json.dumps(content)), "kustodian.yaml")
    except UserError as error:
        assert error.file == "kustodian.yaml" and error.message
        return
    config.settings()
    for name in config.environments:
        config.environment(name)
    for waiver in config.waivers:
        assert waiver.reason and waiver.owner and isinstance(waiver.expires, date)


def waiver_comments(data: bytes) -> None:
    """A comment is a whole waiver, an error at its line, or none."""
    lines = text_of(data).split("\n")
    try:
        found = comment_waivers("a.yaml", lines)
    except UserError as error:
        assert error.file == "a.yaml" and error.line and "kustodian:" in lines[error.line - 1]
        return
    for waiver in found:
        assert (
            waiver.reason
            and waiver.owner
            and waiver.is_comment
            and "kustodian:" in lines[waiver.location.line - 1]
        )
    book = WaiverBook(found, date(2027, 1, 1))
    assert len(book.expired) + len(book.unused) == len(found)


def reports(data: bytes) -> None:
    """What is read is shown in every format without commands for a terminal or a runner; the rest is refused."""
    try:
        report = merge({"report.json": read_json(data, "report.json")})
    except UserError as error:
        assert error.message
        return
    style = Style(Severity.WARNING, show_waived=True, graph=True)
    for name in FORMATS:
        text = reporter(name)(report, style)
        text.encode()
        if name in ("json", "sarif", "gitlab", "junit", "text"):
            for line in text.split("\n"):
                inert_line(line, but="\t")
        if name == "json":
            read_json(text.encode(), "again")


def answers(data: bytes) -> None:
    """Answers are complete or refused, as YAML and as JSON."""
    for name in ("a.yaml", "a.json"):
        file = folder() / name
        file.write_bytes(data)
        given = Given()
        with contextlib.suppress(UserError):
            given.add_file(file)
            complete(given)
    first = text_of(data).split("\n", 1)[0]
    with contextlib.suppress(UserError):
        given = Given()
        given.set(first)
        complete(given)


def cache_entries(data: bytes) -> None:
    """An entry is given back as it was written; after any change it is nothing."""
    place, name = str(folder() / "cache"), "0" * 64
    cache_files.write_entry(place, name, data)
    assert cache_files.read_entry(place, name) == data
    entry = Path(place, "check", name)
    written = entry.read_bytes()
    at = len(written) * (len(data) % 97) // 97
    for changed in (
        written[:at] + b"\x00" + written[at:],
        written[:at],
        data,
        bytes([*written[:-1], written[-1] ^ 1]),
    ):
        if changed == written:
            continue
        entry.write_bytes(changed)
        with contextlib.redirect_stderr(io.StringIO()):
            assert cache_files.read_entry(place, name) is None


_CONFIG = (ROOT / "kustodian.yaml").read_bytes()
_WAIVER = b'image: x # kustodian: allow unpinned-image reason="a b" owner=ml expires=2027-01-31\n# kustodian: allow rego/x reason=y owner=z expires=2026-01-01'
_REPORT = (ROOT / "tests/golden/report.json").read_bytes()


@cache
def _short_report() -> bytes:
    """The report with one overlay and two findings: small enough that changes meet each of its fields."""
    data = json.loads(_REPORT)
    data["overlays"], data["findings"] = data["overlays"][:1], data["findings"][:2]
    return json.dumps(data).encode()


TARGETS = (
    Target("configuration", configuration, (
        _CONFIG, b"rules: {unpinned-image: {severity: off}}\nwaivers: [{rule: x, object: 'A/b', reason: a, owner: b, expires: 2027-01-01}]\n",
        b"podTemplates: [{group: a, kind: B, path: spec.x}]\nschemas: [a]\nexclude: ['*']\nprofile: baseline\nfailOn: warning\n",
    ), ("rules:\n", "environments:\n", "waivers:\n", "expires: 9999-99-99", "severity: ", "class: prod", "paths: ", "gpuBudget: -1", "1.34")),
    Target("waiver-comments", waiver_comments, (_WAIVER,), ("# kustodian: allow ", "reason=", "owner=", "expires=", "unpinned-image", '"', "'", "\\", "2027-13-01", "20270131", "2027-W01-1")),
    Target("reports", reports, (_short_report(), b'{"schema": "kustodian/check/1"}', b"[]"), ('"line": ', '"file": "', '"rule": "', '"message": "', "null", "::error::", "\\u001b", "\\ud800", "2147483648", '"shard": ')),
    Target("answers", answers, (b"name: iris\nenvironments: [dev, prod]\n", b'{"name": "iris", "environments": {"dev": {"replicas": 2}}}', b"environments.dev.replicas=2\n", b"a: !!python/object:os.system x\n"),
        ("environments", "name: ", "dev", "=", "[", "{", "a: &x [*x]\n", "!!set", "2026-99-01", "0o9", "1_0", "=\n")),
    Target("cache-entries", cache_entries, (b"", b"{}\nreport", b"\x00" * 64)),
)  # fmt: skip
