"""Credential is written out in an environment variable.

Why: Anyone who can read the repository, its history or the Deployment has the credential, and changing it
takes a commit.

Fix: Move the value into a secret store, let an ExternalSecret or SealedSecret bring it into the cluster, and
read it with `valueFrom.secretKeyRef` or from a mounted file. Then revoke the old credential: it stays in
git's history.

Wrong:
    env:
      - name: HF_TOKEN
        value: hf_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX

Right:
    env:
      - name: HF_TOKEN
        valueFrom:
          secretKeyRef: {name: huggingface, key: token}

Notes: A value is reported if it has the form of a known token, a private key or a URL with a password, or if
it is a literal and the end of the variable's name says that it is a credential. Names about tokens
(MAX_TOKENS, TOKENIZERS_PARALLELISM), file names, references such as $(TOKEN), numbers, switches and
placeholders in angle brackets are not credentials; `changeme` is one.

Source: OWASP Kubernetes Top Ten 2022, K08 "Secrets Management Failures",
https://owasp.org/www-project-kubernetes-top-ten/2022/en/src/K08-secrets-management
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.model.json_value import FieldPath, mappings, string_map, text
from kustodian.model.measure import Measure, hidden, hidden_entry, members
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.secrets._command import credentials_in_command
from kustodian.policy.rules.secrets._detector import credential


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each variable whose value is a credential."""
    for container in pod.containers:
        for name, value, path in _variables(container):
            if description := credential(name, value):
                measure: Measure = hidden(value)
            elif options := _credentials_in_options(value):
                description, measure = options[0][0], members(hidden_entry(*option) for option in options)
            else:
                continue
            message = f"{container} has {description} in its environment: {name}"
            yield Violation(path, message, measure=measure)


def _variables(container: Container) -> Iterator[tuple[str, str, FieldPath]]:
    for index, entry in mappings(container.data.get("env")):
        yield text(entry.get("name")), text(entry.get("value")), (*container.path, "env", index, "value")
    # SparkApplication: a mapping of names to values.
    for name, value in string_map(container.data.get("envVars")).items():
        yield name, value, (*container.path, "envVars", name)


def _credentials_in_options(value: str) -> list[tuple[str, str]]:
    """The credentials in a value such as JAVA_OPTS (`-Dstore.password=...`), each with its word."""
    if not value.lstrip().startswith("-") and " -" not in value:
        return []
    words = value.split()
    return [(what, words[index]) for index, what in credentials_in_command(words)]


RULE = PodRule(
    id="literal-secret-in-env",
    topic="secrets",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("security",),
)
