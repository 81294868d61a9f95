"""The API server would reject the object: a field is unknown, missing or wrong.

Why: The object is not created or, if the server drops the unknown field, runs without the setting that its
author intended.

Fix: Correct the field as the finding says; `kubectl explain <kind>.<field>` shows what the API expects.

Wrong:
    spec:
      replicas: "3"
      template:
        spec:
          containers:
            - name: server
              imagePullpolicy: Always

Right:
    spec:
      replicas: 3
      template:
        spec:
          containers:
            - name: server
              imagePullPolicy: Always

Notes: Built-in kinds are checked strictly against the OpenAPI schema of `kubernetesVersion`, and custom
resources against their definition: the one that a kustomization lists or `schemas:` names, else the one that
Kustodian ships, else one in any other file. Beyond the schema, Kustodian repeats those of the API server's
own checks that manifests fail most often: names and labels, ports, probes, volumes and their mounts,
environment variables, restart policies, subjects of bindings, policies, schedules.

Source: Kubernetes API reference, https://kubernetes.io/docs/reference/kubernetes-api/; field validation,
https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kustodian.kubernetes.api_lifecycle import lifecycle_of
from kustodian.model.errors import nearest
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse
from kustodian.policy.rules.schema._schemas import schemas_of
from kustodian.schemas.registry import Schemas
from kustodian.schemas.server.server import server_problems

_LIST_IT = "Correct the field; if {} is the definition in use, name it under `schemas:` in kustodian.yaml."


#: Positions in lists, which say nothing about the problem.
_POSITION = re.compile(r"\[\d+\]")


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each field that the API server would reject; another problem there is worse."""
    for violation in _problems(manifest, context):
        yield violation._replace(measure=Exactly(_POSITION.sub("[]", violation.message)))


def _problems(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each field that the schema or the API server's validation rejects."""
    for field in ("apiVersion", "kind"):
        if not manifest.data.get(field):
            yield Violation((field,), f'field "{field}" is required')
            return
    schemas = schemas_of(context)
    if not schemas.knows(manifest.api_version, manifest.kind):
        yield from _unknown_kind(manifest, schemas)
    rejected = []
    unused = schemas.unused_definition(manifest.group, manifest.kind)
    for violation in schemas.problems(manifest):
        rejected.append(violation.path)
        yield violation._replace(fix=_LIST_IT.format(unused)) if unused else violation
    for violation in server_problems(manifest, context.version, schemas):
        # A field that the schema already rejects needs no second finding, nor do the fields inside it.
        if not any(violation.path[: len(path)] == path for path in rejected):
            yield violation


def _unknown_kind(manifest: Manifest, schemas: Schemas) -> Iterator[Violation]:
    if not schemas.has_group(manifest.group) or lifecycle_of(manifest.api_version, manifest.kind):
        return
    kinds = schemas.kinds_of(manifest.api_version)
    if not kinds:
        message = f"Kubernetes {schemas.version} has no API version {manifest.api_version}"
        yield Violation(("apiVersion",), message)
        return
    guess = nearest(manifest.kind, kinds)
    hint = f', did you mean "{guess}"?' if guess else ""
    message = f"Kubernetes {schemas.version} has no kind {manifest.kind} in {manifest.api_version}{hint}"
    yield Violation(("kind",), message)


RULE = ObjectRule(
    id="invalid-manifest", topic="schema", severity="E/E/E", check=check, doc=__doc__, worse=Worse.BY_MEASURE
)
