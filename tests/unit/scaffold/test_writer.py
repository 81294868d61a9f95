"""Into place as a whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kustodian.model.errors import UserError
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.writing.writer import write
from tests.unit.scaffold.conftest import ROOT, snapshot


def nothing(root: Path) -> None:
    assert root.is_dir()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def test_a_new_folder_is_written(answers: Answers, tiny_template: Path, place: Path) -> None:
    files = write(answers, place / "my-models", tiny_template, nothing)
    assert [path.name for path in place.iterdir()] == ["my-models"]
    assert files == sorted(
        path.relative_to(place / "my-models").as_posix()
        for path in (place / "my-models").rglob("*")
        if path.is_file()
    )
    assert "overlays/prod/kustomization.yaml" in files


def test_missing_parents_are_made(answers: Answers, tiny_template: Path, place: Path) -> None:
    write(answers, place / "a" / "b" / "iris", tiny_template, nothing)
    assert [path.name for path in (place / "a" / "b").iterdir()] == ["iris"]


def test_an_empty_folder_is_filled_and_stays_the_same_folder(
    answers: Answers, tiny_template: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = place.stat().st_ino
    monkeypatch.chdir(place)
    write(answers, Path(), tiny_template, nothing)
    assert place.stat().st_ino == before
    assert Path("README.md").is_file()
    assert not [path for path in place.iterdir() if path.name.startswith(".kustodian-") and path.is_dir()]


def test_the_bytes_do_not_depend_on_the_folders_name(
    answers: Answers, tiny_template: Path, place: Path
) -> None:
    write(answers, place / "one", tiny_template, nothing)
    write(answers, place / "two", tiny_template, nothing)
    assert snapshot(place / "one") == snapshot(place / "two")


def test_occupied_targets_are_refused_and_left_alone(
    answers: Answers, tiny_template: Path, place: Path
) -> None:
    (place / "full").mkdir()
    for name in "abcd":
        (place / "full" / name).write_text("mine")
    (place / "file").write_text("mine")
    (place / "link").symlink_to("nowhere")
    before = snapshot(place)
    for name, message in [
        ("full", "not empty: it holds a, b, c and 1 more"),
        ("file", "the target is a file"),
        ("link", "a link to nothing"),
        ("file/below", "cannot write: Not a directory"),
    ]:
        with pytest.raises(UserError, match=message) as caught:
            write(answers, place / name, tiny_template, nothing)
        assert caught.value.hint is not None
        assert caught.value.file is not None
    assert snapshot(place) == before


@pytest.mark.parametrize("target", ["iris", "a/b/iris", "."])
def test_a_template_that_fails_leaves_nothing(
    answers: Answers, tiny_template: Path, place: Path, target: str
) -> None:
    (tiny_template / "hooks" / "post_gen_project.py").write_text("raise SystemExit(1)\n")
    with pytest.raises(UserError):
        write(answers, place / target, tiny_template, nothing)
    assert snapshot(place) == {}


@pytest.mark.parametrize("target", ["iris", "a/b/iris", "."])
def test_an_error_after_generating_leaves_nothing(
    answers: Answers, tiny_template: Path, place: Path, target: str
) -> None:
    def fail(root: Path) -> None:
        assert (root / "README.md").is_file()
        raise RuntimeError("late")

    with pytest.raises(RuntimeError, match="late"):
        write(answers, place / target, tiny_template, fail)
    assert snapshot(place) == {}


@pytest.mark.parametrize("target", ["iris", "."])
def test_a_target_taken_meanwhile_is_not_overwritten(
    answers: Answers, tiny_template: Path, place: Path, target: str
) -> None:
    def take(root: Path) -> None:
        (place / target).mkdir(exist_ok=True)
        (place / target / "README.md").write_text("somebody else's")

    with pytest.raises(UserError, match="cannot write"):
        write(answers, place / target, tiny_template, take)
    files = {name: content for name, content in snapshot(place).items() if content is not None}
    assert files == {os.path.normpath(f"{target}/README.md"): b"somebody else's"}


_CHILD = """
import sys
from pathlib import Path
from kustodian.scaffold.answers.complete import complete
from kustodian.scaffold.answers.given import Given
from kustodian.scaffold.writing.writer import write
try:
    write(complete(Given()), Path(sys.argv[1]), Path(sys.argv[2]), lambda root: None)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("target", ["a/iris", "."])
def test_an_interrupted_process_leaves_nothing(
    tiny_template: Path, place: Path, tmp_path: Path, number: signal.Signals, target: str
) -> None:
    """The signal goes to kustodian alone, while a hook of the template runs."""
    heartbeat = tmp_path / "heartbeat"
    (tiny_template / "hooks" / "post_gen_project.py").write_text(
        "import pathlib, time\n"
        "pathlib.Path('half-done').write_text('x')\n"
        "for beat in range(3000):\n"
        "    time.sleep(0.02)\n"
        f"    pathlib.Path({str(heartbeat)!r}).write_text(str(beat))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(place / target), str(tiny_template)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "generator")},
    )
    try:
        deadline = time.monotonic() + 120
        while not heartbeat.is_file():
            assert process.poll() is None and time.monotonic() < deadline, "the hook never started"
            time.sleep(0.02)
        assert list(place.rglob("half-done")), "nothing was under way yet"
        process.send_signal(number)
        assert process.wait(timeout=60) == 130
    finally:
        process.kill()
    assert snapshot(place) == {}
    last = heartbeat.read_text()
    time.sleep(1)
    assert heartbeat.read_text() == last, "the hook outlived its parent"
