"""`kustodian new` on a terminal: a person is asked, refused at once, and may leave."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.cli.new.harness import RECORD, environment, everything


class Conversation:
    """A process on a terminal of its own, and what it has printed."""

    def __init__(self, place: Path, *arguments: str) -> None:
        self.printed = ""
        self._seen = 0
        self._is_closed = False
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            os.chdir(place)
            program = [sys.executable, "-m", "kustodian", "new", *arguments]
            os.execve(program[0], program, environment(place))

    def read_until(self, text: str) -> None:
        deadline = time.monotonic() + 120
        while text not in self.printed[self._seen :]:
            assert time.monotonic() < deadline, f"waited for {text!r} after:\n{self.printed[-2000:]}"
            assert self._read(), f"ended before {text!r}:\n{self.printed[-2000:]}"
        self._seen = self.printed.index(text, self._seen) + len(text)

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def press_until_it_ends(self, key: str) -> int:
        """As people do: a signal that comes just before the program waits for its terminal wakes nobody."""
        for _ in range(60):
            self.type(key)
            while self._read(seconds=2):
                pass
            if self._is_closed:
                break
        return self.exit_code()

    def exit_code(self) -> int:
        while self._read():
            pass
        if not self._is_closed:
            os.kill(self._process, signal.SIGKILL)
        _, status = os.waitpid(self._process, 0)
        os.close(self._terminal)
        assert self._is_closed, f"it waits for something:\n{self.printed[-2000:]}"
        return os.waitstatus_to_exitcode(status)

    def _read(self, seconds: float = 120) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], seconds)
        try:
            data = os.read(self._terminal, 65536) if ready else b""
        except OSError:  # how Linux says that the other side is closed
            data, self._is_closed = b"", True
        self.printed += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)


def test_a_person_is_asked_and_refused_at_once(place: Path) -> None:
    talk = Conversation(place, "iris", "--set", "team=cats", "--no-check", "--no-git")
    talk.read_until("repo_name [iris-model]: ")
    talk.type("\n")
    talk.read_until("model_name [iris]: ")
    talk.type("Iris\n")
    talk.read_until("must be a DNS label")
    talk.read_until("model_name [iris]: ")
    talk.type("cats\n")
    for question in (
        "owner",
        "description",
        "registry",
        "domain",
        "repo_url",
        "git_branch",
        "kubernetes_version",
        "runtime",
    ):
        talk.read_until(f"{question} [")
        talk.type("\n")
    talk.read_until("package_env [pip]: ")
    talk.type("\n")
    talk.read_until("1 nvidia  ")
    talk.read_until("accelerator [nvidia]: ")
    talk.type("2\n")
    for question in (
        "platform",
        "exposure",
        "model_storage",
        "autoscaling",
        "rollout",
        "mesh",
        "monitoring",
        "tracing",
        "logging",
        "pipeline",
        "model_registry",
        "cache",
        "helm_chart",
        "secrets",
        "image_scan",
        "ci",
        "backup",
        "clusters",
        "batch_quota",
        "vpa",
    ):
        talk.read_until(f"{question} [")
        talk.type("\n")
    talk.read_until("environments [dev, staging, prod]: ")
    talk.type("dev, prod\n")
    talk.read_until("change one of them [no]: ")
    talk.type("\n")
    assert talk.exit_code() == 0
    assert "team [" not in talk.printed and "gpu=" not in talk.printed
    record = yaml.safe_load((place / "iris" / RECORD).read_text())
    assert (record["team"], record["model_name"], record["accelerator"]) == ("cats", "cats", "none")
    assert list(record["environments"]) == ["dev", "prod"]


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_leaving_a_question_exits_130_and_leaves_nothing(place: Path, key: str) -> None:
    talk = Conversation(place, "a/iris")
    talk.read_until("repo_name [iris-model]: ")
    talk.type("\n")
    talk.read_until("model_name [iris]: ")
    assert talk.press_until_it_ends(key) == 130
    assert "nothing was written" in talk.printed
    assert "Traceback" not in talk.printed
    assert everything(place) == ["home", "place", "temporary"]
