"""Two files define the same kind of custom resource in different ways.

Why: The cluster has one definition of a kind, whichever was applied last; a looser copy hides the errors that
the other reports.

Fix: Keep one of the definitions, or deploy both from one base.

Wrong:
    # crds/widget.yaml and platform/widget.yaml
    spec: {group: example.com, names: {kind: Widget}, versions: [...]}

Right:
    # crds/widget.yaml only
    spec: {group: example.com, names: {kind: Widget}, versions: [...]}

Notes: Compares definitions that a kustomization lists or `schemas:` names, or, where there is none and
Kustodian ships none, those in other files. Objects of the kind must satisfy all of them. The finding is at
the second file.

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
    """One violation for each further definition of a kind that differs from the first."""
    del view
    schemas = schemas_of(context)
    for (group, kind), known in schemas.definitions.by_kind.items():
        counting = schemas.definitions.counting(group, kind)
        competing = counting or ([] if schemas.is_shipped(group, kind) else known)
        for other in competing[1:]:
            if other.file and other.custom != competing[0].custom:
                where = competing[0].file or "a file that `schemas:` names"
                message = f"{kind} of {group} is defined in another way in {where}"
                yield SourceViolation(other.file, ("spec",), message, other.document)


RULE = RepositoryRule(
    id="duplicate-definition",
    topic="schema",
    severity="W/W/W",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
)
