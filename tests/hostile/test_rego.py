"""Policies of a hostile repository: they reach nothing, end in time, and no result is dropped in silence."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kustodian.model.overlay import NotChecked
from kustodian.render.engine import RegoOptions
from tests.cli.harness import write
from tests.hostile.test_engine import CONFIG_MAP, GOOD, check, codes, overlay, render

CONFIG = {
    "kustodian.yaml": 'environments: {prod: {paths: ["overlays/*"]}}\nrego: {policy: [policies], data: []}\n'
}
SEEN = 'package main\n\ndeny contains "seen" if input.kind == "ConfigMap"\n'
CONFLICT = 'package main\n\nvalue := input.data[_]\n\ndeny_conflict contains "x" if value == "x"\n'
CANARY = "CANARY-4711"


def messages(root: Path) -> set[tuple[str, str]]:
    """The overlay and message of each finding of a policy."""
    return {
        (one["overlay"], one["message"]) for one in check(root).data["findings"] if one["rule"].startswith("rego/")
    }  # fmt: skip


def test_a_policy_that_fails_hides_nothing(tmp_path: Path) -> None:
    """The overlay is not checked, and what other policies and rules find in it is still reported."""
    bad = overlay("bad", "", CONFIG_MAP.replace("{a: b}", "{a: b, c: d}"))
    other = SEEN.replace("package main", "package other")
    config = {"kustodian.yaml": CONFIG["kustodian.yaml"].replace("data: []", "namespaces: [main, other]")}
    policies = {"policies/conflict.rego": CONFLICT, "policies/other.rego": other}
    root = write(tmp_path, {**config, **GOOD, **bad, **policies})
    outcome = check(root)
    assert codes(outcome) == {"overlays/bad": "policy-eval", "overlays/good": None}
    (error,) = (one["error"] for one in outcome.data["overlays"] if one.get("error"))
    assert (error["file"], error["line"]) == ("policies/conflict.rego", 3)
    assert messages(root) == {("overlays/bad", "seen"), ("overlays/good", "seen")}


def test_a_policy_that_fails_on_plain_manifests(tmp_path: Path) -> None:
    bad = CONFIG_MAP.replace("{a: b}", "{a: b, c: d}")
    root = write(tmp_path, {**CONFIG, "policies/a.rego": CONFLICT, "m/bad.yaml": bad})
    assert codes(check(root, "m/bad.yaml")) == {"m/bad.yaml": "policy-eval"}


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A port, and what connects to it."""
    connections: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            try:
                while True:
                    connection, _ = server.accept()
                    connections.append(b"connected")
                    connection.close()
            except OSError:
                pass

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1], connections


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ('http.send({"method": "get", "url": "http://127.0.0.1:PORT/", "raise_error": false}).status_code', 4),
        ('net.lookup_ip_addr("localhost")', 4),
        ("opa.runtime().env.CANARY", 4),
        ('json.match_schema({"a": 1}, {"$ref": "http://127.0.0.1:PORT/"})[1][_].desc', 4),
        ('json.match_schema({"a": 1}, {"properties": {"a": {"$ref": "file://OUTSIDE"}}})[1][_].desc', 4),
        ('json.verify_schema({"$ref": "file://OUTSIDE"})[1]', 4),
    ],
)  # fmt: skip
def test_policies_reach_nothing(
    tmp_path: Path, listener: tuple[int, list[bytes]], call: str, line: int
) -> None:
    outside = write(tmp_path / "outside", {"canary.json": json.dumps({"enum": [CANARY]})}) / "canary.json"
    port, connections = listener
    call = call.replace("PORT", str(port)).replace("OUTSIDE", str(outside))
    policy = f"package main\n\ndeny contains msg if {{\n\tmsg := {call}\n}}\n"
    root = write(tmp_path / "root", {**CONFIG, **GOOD, "policies/a.rego": policy})
    outcome = check(root)
    text = outcome.out + outcome.err
    assert outcome.code == 3
    assert f"policies/a.rego:{line}" in text or '"file": "policies/a.rego"' in text
    assert CANARY not in text
    assert connections == []
    assert "Traceback" not in text


def link(root: Path, name: str, target: Path) -> None:
    """A symbolic link in a repository."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).symlink_to(target)


@pytest.mark.parametrize("kind", ["policy", "data"])
@pytest.mark.parametrize(
    "way", ["absolute", "parent", "link to a folder", "link to a file", "/dev/zero", "fifo", "/proc"]
)
def test_policies_and_data_are_inside(tmp_path: Path, kind: str, way: str) -> None:
    canary = (
        f'package main\n\ndeny contains "{CANARY}" if true\n' if kind == "policy" else f"canary: {CANARY}\n"
    )
    ending = "rego" if kind == "policy" else "yaml"
    outside = write(tmp_path / "outside", {f"o.{ending}": canary})
    root = write(
        tmp_path / "root", {**GOOD, "policies/a.rego": "package main\n\ndeny contains data.canary if true\n"}
    )
    named = "named"
    match way:
        case "absolute":
            named = str(outside)
        case "parent":
            named = "../outside"
        case "link to a folder":
            link(root, "named", outside)
        case "link to a file":
            link(root, f"named/o.{ending}", outside / f"o.{ending}")
        case "/dev/zero":
            link(root, f"named/o.{ending}", Path("/dev/zero"))
        case "fifo":
            (root / "named").mkdir()
            os.mkfifo(root / "named" / f"o.{ending}")
        case "/proc":
            named = "/proc/self"
    policies = ["policies", named] if kind == "policy" else ["policies"]
    rego = {"policy": policies, "data": [named] if kind == "data" else []}
    write(
        root,
        {"kustodian.yaml": json.dumps({"environments": {"prod": {"paths": ["overlays/*"]}}, "rego": rego})},
    )
    outcome = check(root)
    assert outcome.code == 3
    assert CANARY not in outcome.out + outcome.err
    assert "Traceback" not in outcome.err
    assert "leads out of the repository" in outcome.err or "not a regular file" in outcome.err


def rule(body: str) -> str:
    """A policy that runs for one object, and one for all of them."""
    return f'package main\n\ndeny contains msg if {{\n\tinput.data.slow\n{body}\n}}\n\ndeny contains "seen" if input.kind == "ConfigMap"\n'


SLOW = overlay("slow", "", CONFIG_MAP.replace("{a: b}", '{slow: "1"}'))
DOUBLING = '\tx0 := "aaaaaaaaaaaaaaaa"\n' + "".join(
    f'\tx{number + 1} := concat("", [x{number}, x{number}])\n' for number in range(40)
)
TEMPLATE = "{{range .n}}{{range $.n}}{{range $.n}}{{range $.n}}{{end}}{{end}}{{end}}{{end}}"


@pytest.mark.parametrize(
    "body",
    [DOUBLING + "\tmsg := x40", '\tmsg := sprintf("%v", [bits.lsh(1, 100000000000)])'],
    ids=["doubling", "one large number"],
)
def test_the_memory_of_policies_is_bounded(tmp_path: Path, body: str) -> None:
    root = write(tmp_path, {**CONFIG, **GOOD, **SLOW, "policies/a.rego": rule(body)})
    outcome = check(root)
    assert codes(outcome) == {"overlays/slow": "memory", "overlays/good": None}


@pytest.mark.parametrize(
    "body",
    [
        "\tr := numbers.range(1, 100000)\n\tfound := [1 | some a in r; some b in r; some c in r; a + b + c < 0]\n"
        '\tmsg := sprintf("%v", [found])',
        f'\tmsg := strings.render_template("{TEMPLATE}", {{"n": numbers.range(1, 1000)}})',
    ],
    ids=["comprehensions", "a function that cannot be interrupted"],
)
def test_the_time_of_policies_is_bounded(tmp_path: Path, body: str) -> None:
    root = write(tmp_path, {**GOOD, **SLOW, "policies/a.rego": rule(body)})
    found = render(root, ["slow", "good"], seconds=2, rego=RegoOptions(("policies",)))
    error = found["overlays/slow"].error
    assert isinstance(error, NotChecked)
    assert (error.code, "longer than the limit" in error.message) == ("policy-eval", True)
    good = found["overlays/good"]
    assert (good.error, [result.message for result in good.policy]) == (None, ["seen"])


def test_results_that_cannot_be_read(tmp_path: Path) -> None:
    policy = 'package main\n\ndeny contains {"msg": "deep", "value": json.unmarshal(input.data.slow)} if input.data.slow\n'
    deep = overlay("slow", "", CONFIG_MAP.replace("{a: b}", f"{{slow: '{'[' * 2000}{']' * 2000}'}}"))
    root = write(tmp_path, {**CONFIG, **GOOD, **deep, "policies/a.rego": policy})
    assert codes(check(root)) == {"overlays/slow": "policy-eval", "overlays/good": None}
