"""What a check of a hostile repository does to the machine, as strace sees it: programs, sockets, files.

Only the engine and git are started, no network socket is made, and no file is opened outside of the repository, the
program itself, the system's libraries and the folders for temporary files and the cache.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kustodian.model.installed_files import engine_binary
from kustodian.repository.git import git_program
from tests.cli.harness import SOURCE
from tests.hostile.repositories import ATTACKS, CANARY, Hostile, harmless

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("check", "--no-cache"), ("check", "--no-cache", "--base", "main"), ("check", "--no-cache", "--base", "main", "--staged"),
    ("diff", "--base", "main"), ("matrix",), ("check", "--format", "sarif=out.sarif"), ("check", "--no-cache", "--fix"),
)  # fmt: skip
_EXECVE = re.compile(r'execve\("((?:[^"\\]|\\.)*)", \[(.*)\], .* = 0$')
_OPENED = re.compile(r'open(?:at|at2)?\((?:[^,]*, )?"(?:[^"\\]|\\.)*".* = \d+<(.*)>$')
_SOCKET = re.compile(r"socket\((AF_\w+)|connect\(\d+<?[^,]*, \{sa_family=(AF_\w+)")
#: What the loader, the C library, Python, Go and git read on any Linux.
_SYSTEM = (
    "/lib", "/usr/lib", "/usr/share/locale", "/usr/share/zoneinfo", "/usr/share/git-core", "/usr/local/lib", "/etc/ld.so.cache", "/etc/ld.so.preload",
    "/etc/localtime", "/etc/gitconfig", "/etc/timezone", "/etc/locale.alias", "/etc/ssl/openssl.cnf", "/dev/null", "/dev/urandom", "/dev/tty", "/proc/cpuinfo", "/proc/filesystems", "/proc/meminfo",
    "/proc/sys", "/proc/stat", "/sys/fs/cgroup", "/sys/kernel/mm/transparent_hugepage", "/sys/devices/system/cpu", "/sys/devices/system/node",
    "/usr/bin", "/bin",
)  # fmt: skip
_OWN_PROC = re.compile(r"/proc/(self|\d+)/(maps|mountinfo|cgroup|stat|status|fd|limits|auxv|task)(/|$)")


def traced(
    case: Hostile, words: tuple[str, ...], folder: Path
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """The finished command, and the calls that it and its children made."""
    log = folder / "strace.log"
    for name in ("tmp", "home", "cache"):
        (folder / name).mkdir(exist_ok=True)
    done = subprocess.run(
        [
            "strace", "-f", "-y", "-qqq", "-s", "4096", "-o", log, "-e", "trace=execve,connect,socket,open,openat,openat2",
            sys.executable, "-m", "kustodian", *words,
        ],
        cwd=case.root, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
        env={
            "PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "LC_ALL": "C.UTF-8", "TMPDIR": str(folder / "tmp"), "HOME": str(folder / "home"),
            "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1",
        },
    )  # fmt: skip
    return done, joined(log.read_text(errors="replace").splitlines())


def joined(lines: list[str]) -> list[str]:
    """The calls without process numbers; one that strace shows in two parts is one line."""
    waiting: dict[str, str] = {}
    calls = []
    for line in lines:
        process, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            waiting[process] = call.removesuffix("<unfinished ...>").rstrip()
            continue
        if call.startswith("<... "):
            call = waiting.pop(process, "") + call.partition(" resumed>")[2]
        calls.append(call)
    return calls


def programs(calls: list[str]) -> set[str]:
    """The programs that were started, with links followed."""
    return {os.path.realpath(match[1]) for call in calls if (match := _EXECVE.match(call))}


def opened(calls: list[str]) -> set[str]:
    """The files and folders that were opened, as the kernel names them."""
    return {match[1].removesuffix("<char") for call in calls if (match := _OPENED.match(call))}


def sockets(calls: list[str]) -> set[str]:
    """The families of the sockets that were made or connected."""
    return {match[1] or match[2] for call in calls if (match := _SOCKET.match(call))}


def is_allowed(path: str, folders: tuple[str, ...]) -> bool:
    real = path.partition("<")[0]
    return (
        real.startswith(("pipe:", "anon_inode:", "socket:"))
        or real == "/"
        or bool(_OWN_PROC.match(real))
        or any(real == folder or real.startswith(f"{folder}/") for folder in (*_SYSTEM, *folders))
        or any(
            folder.startswith(f"{real}/") for folder in folders
        )  # git and Python look at the folders above
    )


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_only_the_engine_git_and_files_of_the_repository(
    tmp_path: Path, attack: Callable[[Hostile], None]
) -> None:
    case = harmless(tmp_path)
    attack(case)
    git = git_program()
    assert git is not None
    helpers = str(
        Path(subprocess.run([git, "--exec-path"], capture_output=True, text=True, check=True).stdout.strip())
    )
    allowed = {os.path.realpath(one) for one in (sys.executable, engine_binary(), git)}
    packages = {
        os.path.realpath(one)
        for one in (sys.prefix, sys.base_prefix, sys.exec_prefix)
        if one not in ("/usr", "/")
    }
    package = os.path.realpath(SOURCE.parent)
    places = {os.path.realpath(tmp_path / name) for name in ("repo", "tmp", "home", "cache")}
    folders = tuple(
        sorted(
            {
                *places,
                *packages,
                package,
                os.path.realpath(helpers),
                os.path.dirname(os.path.realpath(sys.executable)),
            }
        )
    )
    for words in COMMANDS:
        done, calls = traced(case, words, tmp_path)
        assert done.returncode in (0, 1, 2, 3), (words, done)
        assert "Traceback" not in done.stderr and "defect" not in done.stderr, (words, done.stderr)
        assert CANARY not in done.stdout + done.stderr, (words, done.stdout, done.stderr)
        assert programs(calls) and programs(calls) <= allowed, words
        assert not sockets(calls) - {"AF_UNIX"}, words
        outside = {path for path in opened(calls) if not is_allowed(path, folders)}
        assert not outside, (words, outside)
    if (case.root / "out.sarif").exists():
        assert CANARY not in (case.root / "out.sarif").read_text()
    assert not case.marker.exists()
