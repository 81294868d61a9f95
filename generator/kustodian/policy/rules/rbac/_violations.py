"""How the role rules word their violations."""

from __future__ import annotations

from collections.abc import Iterable

from kustodian.kubernetes.rbac import Grant, role_of
from kustodian.model.json_value import FieldPath
from kustodian.model.manifest import Manifest
from kustodian.model.measure import EVERYTHING, Measure, Ranked, members, several
from kustodian.model.violation import Violation


def verb_list(verbs: list[str]) -> str:
    """`create, patch and update`."""
    return verbs[0] if len(verbs) == 1 else f"{', '.join(verbs[:-1])} and {verbs[-1]}"


def role_violation(
    role: Manifest, path: FieldPath, what: str, grant: Grant, resources: Iterable[str], verbs: Iterable[str]
) -> Violation:
    """A violation at a rule of a role: `Role reader lets its holders ...`.

    Worse is every further one of these `verbs`, of these `resources` in the same rule, or of its objects.
    """
    verbs = list(verbs)
    rights = members(f"{verb} {name}" for name in grant.resources if name in set(resources) for verb in verbs)
    measure = several(rights=rights, objects=named_objects(grant))
    return Violation(path, f"{role.kind} {role.name} lets its holders {what}", role, measure=measure)


def named_objects(grant: Grant) -> Measure:
    """The objects that a rule of a role is limited to."""
    return members([f"named {name}" for name in grant.names] or [EVERYTHING])


def role_measure(binding: Manifest) -> Measure:
    """The role that a binding grants; of the roles of Kubernetes, the one with more rights is worse."""
    kind, name = role_of(binding)
    return Ranked(
        name if kind == "ClusterRole" else f"{kind} {name}", ("view", "edit", "admin", "cluster-admin")
    )
