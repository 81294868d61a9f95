"""Roles and bindings as the RBAC authorizer reads them.

Source: Kubernetes documentation v1.34, "Using RBAC Authorization",
https://kubernetes.io/docs/reference/access-authn-authz/rbac/, and "RBAC Good Practices",
https://kubernetes.io/docs/concepts/security/rbac-good-practices/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.model.json_value import FieldPath, JsonObject, mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest

GROUP = "rbac.authorization.k8s.io"
ROLE_KINDS = ((GROUP, "Role"), (GROUP, "ClusterRole"))
BINDING_KINDS = ((GROUP, "RoleBinding"), (GROUP, "ClusterRoleBinding"))


class Grant(NamedTuple):
    """One rule of a role; `names` are its resourceNames (empty: every object)."""

    path: FieldPath
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...]
    urls: tuple[str, ...]

    def allows(self, verbs: Iterable[str]) -> list[str]:
        """Those of the verbs that the rule grants; "*" grants each."""
        return [verb for verb in verbs if verb in self.verbs or "*" in self.verbs]

    def index_of(self, groups: Iterable[str], resources: Iterable[str]) -> int | None:
        """The index of the first resource listed that is one of these, in one of these API groups.

        A rule for every resource (`*`) is the concern of `wildcard-role` and is not matched here.
        """
        wanted = set(resources)
        if wanted.isdisjoint(self.resources) or {*groups, "*"}.isdisjoint(self.groups):
            return None
        return next(index for index, name in enumerate(self.resources) if name in wanted)


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One verb on one resource of one group, or on one URL; `name` is empty for objects of any name."""

    verb: str
    group: str
    resource: str
    name: str = ""

    def covers(self, other: Right) -> bool:
        """Whether whoever has this right has the other."""
        return (
            self.verb in ("*", other.verb)
            and self.group in ("*", other.group)
            and self.resource in ("*", other.resource)
            and self.name in ("", other.name)
        )

    def __str__(self) -> str:
        """`delete secrets`, `get deployments.apps named iris`."""
        of = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {of}" + (f" named {self.name}" if self.name else "")


def grants(role: Manifest) -> list[Grant]:
    """The rules of a Role or ClusterRole; none of an aggregated one, whose rules the controller writes."""
    return role.memoized(_grants)


def rights_of(role: Manifest) -> frozenset[Right]:
    """Everything a role grants, verb by verb and resource by resource."""
    return frozenset(
        Right(verb, group, resource, name)
        for grant in grants(role)
        for group, resource in (
            *((group, resource) for group in grant.groups for resource in grant.resources),
            *(("", url) for url in grant.urls),
        )
        for verb in grant.verbs
        for name in grant.names or ("",)
    )


def _grants(role: Manifest) -> list[Grant]:
    written = [] if role.data.get("aggregationRule") else mappings(role.data.get("rules"))
    return [_grant(index, rule) for index, rule in written]


def _grant(index: int, rule: JsonObject) -> Grant:
    fields = ("apiGroups", "resources", "verbs", "resourceNames", "nonResourceURLs")
    return Grant(("rules", index), *(_words(rule.get(field)) for field in fields))


def granted(
    role: Manifest, groups: Iterable[str], resources: Iterable[str], verbs: Iterable[str]
) -> Iterator[tuple[Grant, FieldPath, str, list[str]]]:
    """The rules that grant one of the verbs on one of the resources.

    Gives the rule, the path of the entry in its `resources`, that resource, and the verbs granted.
    """
    wanted, kinds, actions = tuple(groups), tuple(resources), tuple(verbs)
    for grant in grants(role):
        index = grant.index_of(wanted, kinds)
        allowed = grant.allows(actions)
        if index is not None and allowed:
            yield grant, (*grant.path, "resources", index), grant.resources[index], allowed


def role_of(binding: Manifest) -> tuple[str, str]:
    """The kind and name of the role that a binding gives."""
    reference = mapping(binding.data.get("roleRef"))
    return text(reference.get("kind")), text(reference.get("name"))


def subjects(binding: Manifest) -> list[tuple[int, JsonObject]]:
    """The subjects of a binding with their index."""
    return mappings(binding.data.get("subjects"))


def is_for_people_only(role: Manifest, objects: ObjectSet) -> bool:
    """Whether the set binds the role, and to users and groups of people only."""
    bound = []
    for binding in objects.of(GROUP, "RoleBinding", "ClusterRoleBinding"):
        if role_of(binding) != (role.kind, role.name):
            continue
        if role.kind == "Role" and namespace_of(binding) != namespace_of(role):
            continue
        bound += [subject for _, subject in subjects(binding)]
    return bool(bound) and all(_is_person(subject) for subject in bound)


def _is_person(subject: JsonObject) -> bool:
    name = text(subject.get("name"))
    return subject.get("kind") in ("User", "Group") and not name.startswith("system:")


def _words(value: object) -> tuple[str, ...]:
    return tuple(word for word in sequence(value) if isinstance(word, str))
