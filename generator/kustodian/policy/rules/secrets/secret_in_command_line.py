"""Credential is written out on a command line.

Why: A command line is visible in git, in the pod spec, in the node's process list and often in logs.

Fix: Read the credential from a file or from the environment: put it into a Secret, set a variable with
`secretKeyRef`, and write `$(VARIABLE)` in `args` or use the program's own variable.

Wrong:
    args: [--model, meta/llama, --api-key, s3cr3t-value]

Right:
    args: [--model, meta/llama, --api-key, $(VLLM_API_KEY)]

Notes: Checks command and args, the commands of probes and hooks, scripts after `sh -c` and the scripts of
Argo Workflows. Reports flags and assignments whose name says that they are credentials, the password flags of
common clients (mysql, redis-cli, curl, mc), known token formats and URLs with a password.

Source: OWASP Kubernetes Top Ten 2022, K08 "Secrets Management Failures",
https://owasp.org/www-project-kubernetes-top-ten/2022/en/src/K08-secrets-management
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.model.json_value import FieldPath, dig, sequence, text
from kustodian.model.measure import Measure, hidden
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.secrets._command import credentials_in_command, credentials_in_script, is_script
from kustodian.policy.rules.secrets._files import credentials_in_file
from kustodian.policy.rules.secrets._measures import credentials_of_lines

_EXEC: tuple[FieldPath, ...] = (
    ("livenessProbe", "exec", "command"),
    ("readinessProbe", "exec", "command"),
    ("startupProbe", "exec", "command"),
    ("lifecycle", "postStart", "exec", "command"),
    ("lifecycle", "preStop", "exec", "command"),
)
_SHELLS = ("sh", "bash", "ash", "dash")


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each item of a command, and each script, that holds a credential."""
    for container in pod.containers:
        for path, what, measure in _credentials(container):
            message = f"{container} has {what} on a command line"
            yield Violation((*container.path, *path), message, measure=measure)


def _credentials(container: Container) -> Iterator[tuple[FieldPath, str, Measure]]:
    command, arguments = _strings(container, ("command",)), _strings(container, ("args",))
    items: list[FieldPath] = [("command", i) for i in range(len(command))]
    items += [("args", i) for i in range(len(arguments))]
    for index, what, measure in _credentials_in_words([*command, *arguments]):
        yield items[index], what, measure
    for path in _EXEC:
        for index, what, measure in _credentials_in_words(_strings(container, path)):
            yield (*path, index), what, measure
    source = text(container.data.get("source"))
    shell = bool(command) and command[0].rpartition("/")[2] in _SHELLS
    found = list(credentials_in_script(source) if shell else credentials_in_file("source.py", source))
    if found:
        yield ("source",), found[0][1], credentials_of_lines(found, source)


def _credentials_in_words(words: list[str]) -> Iterator[tuple[int, str, Measure]]:
    for index, what in credentials_in_command(words):
        word = words[index]
        if is_script(words, index):
            yield index, what, credentials_of_lines(credentials_in_script(word), word)
        else:
            yield index, what, hidden(word)


def _strings(container: Container, path: FieldPath) -> list[str]:
    return [text(item) for item in sequence(dig(container.data, path))]


RULE = PodRule(
    id="secret-in-command-line",
    topic="secrets",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("security",),
)
