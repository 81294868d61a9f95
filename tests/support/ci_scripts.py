"""The shell that CI definitions run, step by step."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

#: A step of a Jenkinsfile: sh '''...''' or sh '...'.
_JENKINS = re.compile(r"\bsh '''(.*?)'''|\bsh '((?:[^'\\\n]|\\.)*)'", re.DOTALL)


def github(path: Path) -> dict[str, str]:
    """The `run:` steps of a workflow, or of a composite action, by job (or "action") and number."""
    definition = yaml.safe_load(path.read_text(encoding="utf-8"))
    jobs = definition.get("jobs") or {"action": definition["runs"]}
    return {
        f"{job}-{number}": step["run"]
        for job, body in jobs.items()
        for number, step in enumerate(body["steps"])
        if "run" in step
    }


def gitlab(path: Path) -> dict[str, str]:
    """The scripts of a pipeline's jobs; before_script and script share a shell."""
    pipeline = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        name: "\n".join([*job.get("before_script", ()), *job["script"]]) + "\n"
        for name, job in pipeline.items()
        if isinstance(job, dict) and "script" in job
    }


def jenkins(path: Path) -> dict[str, str]:
    """The `sh` steps of a Jenkinsfile, as the shell gets them."""
    found = _JENKINS.findall(path.read_text(encoding="utf-8"))
    assert found
    # Groovy's own escapes: a backslash before a line's end joins the lines, before anything else it goes.
    texts = [re.sub(r"\\(.)", r"\1", (long or short).replace("\\\n", "")) for long, short in found]
    return {f"sh-{number}": text for number, text in enumerate(texts)}


SCRIPTS = {"github": github, "gitlab": gitlab, "jenkins": jenkins}
