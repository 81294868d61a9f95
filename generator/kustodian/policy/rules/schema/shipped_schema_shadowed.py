"""Definition of the repository takes the place of one that Kustodian ships.

Why: Objects of this kind are checked against this copy and no longer against the definition that the project
publishes, so a weaker copy lets errors pass.

Fix: Nothing, if the repository deploys this version of the operator. Else remove the file, or take it out of
`schemas:`.

Wrong:
    # kustodian.yaml
    schemas: [crds]  # an old copy of a definition that Kustodian ships

Right:
    # kustodian.yaml
    schemas: []

Notes: A definition counts if a kustomization lists it as a resource or `schemas:` names it; one in any other
file does not replace a shipped one. A definition that leaves all fields open does not replace it either: both
are applied.

Source: Kubernetes documentation, "Custom Resources",
https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse
from kustodian.policy.rules.schema._schemas import schemas_of


def check(view: RepositoryView, context: Context) -> Iterator[SourceViolation]:
    """One violation for each definition that counts although there is a shipped one."""
    del view
    schemas = schemas_of(context)
    for group, kind in schemas.definitions.by_kind:
        if not schemas.is_shipped(group, kind):
            continue
        for definition in schemas.definitions.counting(group, kind):
            if definition.file:
                message = (
                    f"{kind} of {group} is validated against this definition, not the one that is shipped"
                )
                yield SourceViolation(
                    definition.file, ("spec", "names", "kind"), message, definition.document
                )


RULE = RepositoryRule(
    id="shipped-schema-shadowed",
    topic="schema",
    severity="I/I/I",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.NEVER,
)
