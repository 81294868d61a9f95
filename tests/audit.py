"""Ask the databases of known vulnerabilities about the pinned dependencies: `python -m tests.audit`.

pip-audit reads requirements-dev.txt, govulncheck the engine's code. Where a database cannot be reached the audit is
reported as not run, which is no success: the line says so and names the database.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.run import ROOT, Venv, go_environment, go_of

PIP_AUDIT = "pip-audit==2.10.1"
GOVULNCHECK = "golang.org/x/vuln/cmd/govulncheck@v1.9.0"
_SECONDS = 15


class Audit(NamedTuple):
    """An audit and the function that runs it; True if it found nothing.

    `database` is an address of its database, whose answer contains `known` if the database is really there.
    """

    name: str
    database: str
    known: bytes
    run: Callable[[], bool]


def reason_unreachable(url: str, known: bytes) -> str | None:
    """Why a database does not answer, None if it does."""
    request = urllib.request.Request(url, headers={"User-Agent": "kustodian-ci"})
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            return None if known in answer.read() else "what it answers is not from the database"
    except urllib.error.HTTPError as error:
        return f"it answers {error.code}"
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))


def pip_audit() -> bool:
    """Audit every locked Python package."""
    with tempfile.TemporaryDirectory(prefix="kustodian-audit-") as folder:
        venv = Venv(Path(folder) / "venv")
        venv.create()
        pip = [
            venv.program("python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            PIP_AUDIT,
        ]
        subprocess.run(pip, check=True)
        command = [
            venv.program("pip-audit"),
            "--strict",
            "--disable-pip",
            "--require-hashes",
            "--requirement",
            ROOT / "requirements-dev.txt",
        ]
        return subprocess.run(command, check=False).returncode == 0


def govulncheck() -> bool:
    """Audit the code of the engine that is reachable."""
    go = go_of(Venv(ROOT / ".venv"))
    environment = {**go_environment(go), "GOFLAGS": "-buildvcs=false"}
    return (
        subprocess.run(
            [go.command, "run", GOVULNCHECK, "./..."], cwd=ROOT / "engine", env=environment, check=False
        ).returncode
        == 0
    )


AUDITS = (
    # A mirror of the packages alone answers, too, and pip-audit then skips each of them and succeeds.
    Audit("pip-audit", "https://pypi.org/pypi/jinja2/2.4.1/json", b"CVE-2014-1402", pip_audit),
    Audit(
        "govulncheck",
        f"{os.environ.get('GOVULNDB', 'https://vuln.go.dev')}/index/db.json",
        b"modified",
        govulncheck,
    ),
)


def main() -> int:
    """Run what can be run; 1 if an audit found something."""
    failed = False
    for audit in AUDITS:
        why = reason_unreachable(audit.database, audit.known)
        if why is not None:
            print(f"NOT RUN  {audit.name}: database not reachable: {audit.database}: {why}", flush=True)
            continue
        clean = audit.run()
        failed |= not clean
        print(f"{'ok      ' if clean else 'FAIL    '} {audit.name}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
