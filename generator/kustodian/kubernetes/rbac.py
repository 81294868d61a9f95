"""The rights that roles grant, and to whom bindings grant them.

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
    """One rule of a role, which `path` leads to.

    `groups` are its apiGroups, `names` its resourceNames (empty: every object), `urls` its nonResourceURLs.
    """

    path: FieldPath
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...]
    urls: tuple[str, ...]

    def allows(self, verbs: Iterable[str]) -> list[str]:
        """Those of the verbs that the rule grants, in the given order; `*` grants every verb."""
        return [verb for verb in verbs if verb in self.verbs or "*" in self.verbs]

    def index_of(self, groups: Iterable[str], resources: Iterable[str]) -> int | None:
        """The index in `resources` of the first of these resources; None if the rule grants none of them.

        One of these API groups, or `*`, must be among the rule's groups. The resource `*` does not count: the
        rule `wildcard-role` reports it.
        """
        if {*groups, "*"}.isdisjoint(self.groups):
            return None
        sought = set(resources)
        return next((index for index, name in enumerate(self.resources) if name in sought), None)


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One verb on one resource of one group, or on one URL path (`is_url`, then `resource` is the path).

    `name` is empty for objects of any name.
    """

    verb: str
    group: str
    resource: str
    name: str = ""
    is_url: bool = False

    def covers(self, other: Right) -> bool:
        """Whether this right includes the other; no right to resources includes one to a URL."""
        if self.is_url != other.is_url or self.verb not in ("*", other.verb):
            return False
        if self.is_url:
            return _url_includes(self.resource, other.resource)
        return (
            self.group in ("*", other.group)
            and _resource_includes(self.resource, other.resource)
            and self.name in ("", other.name)
        )

    def __str__(self) -> str:
        """`delete secrets`, `get deployments.apps named iris`, `get /metrics`."""
        of = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {of}" + (f" named {self.name}" if self.name else "")


def _resource_includes(rule: str, resource: str) -> bool:
    """Whether a rule's resource includes another; `*/scale` is that subresource of every resource.

    Source: k8s.io/kubernetes pkg/apis/rbac/v1/evaluation_helpers.go, `ResourceMatches`.
    """
    subresource = resource.partition("/")[2]
    return rule in ("*", resource) or bool(subresource and rule == f"*/{subresource}")


def _url_includes(rule: str, url: str) -> bool:
    """Whether a rule's URL path includes another; a final `*` is any suffix.

    Source: k8s.io/kubernetes pkg/apis/rbac/v1/evaluation_helpers.go, `NonResourceURLMatches`.
    """
    return rule == url or (rule.endswith("*") and url.startswith(rule.rstrip("*")))


def grants(role: Manifest) -> list[Grant]:
    """The rules of a Role or ClusterRole; empty for an aggregated role, whose rules a controller writes."""
    return role.memoized(_grants)


def rights_of(role: Manifest) -> frozenset[Right]:
    """Everything a role grants, verb by verb and resource by resource."""
    return frozenset(right for grant in grants(role) for right in _rights_in(grant))


def _rights_in(grant: Grant) -> Iterator[Right]:
    for verb in grant.verbs:
        for group in grant.groups:
            for resource in grant.resources:
                yield from (Right(verb, group, resource, name) for name in grant.names or ("",))
        yield from (Right(verb, "", url, is_url=True) for url in grant.urls)


def _grants(role: Manifest) -> list[Grant]:
    written = [] if role.data.get("aggregationRule") else mappings(role.data.get("rules"))
    return [_grant(index, rule) for index, rule in written]


def _grant(index: int, rule: JsonObject) -> Grant:
    fields = ("apiGroups", "resources", "verbs", "resourceNames", "nonResourceURLs")
    return Grant(("rules", index), *(_words(rule.get(field)) for field in fields))


def granted(
    role: Manifest, groups: Iterable[str], resources: Iterable[str], verbs: Iterable[str]
) -> Iterator[tuple[Grant, FieldPath, str, list[str]]]:
    """The rules of a role that grant one of the verbs on one of the resources of the API groups.

    Yields the rule, the path of the first such entry in its `resources`, that resource and the verbs granted.
    """
    groups, resources, verbs = tuple(groups), tuple(resources), tuple(verbs)
    for grant in grants(role):
        index = grant.index_of(groups, resources)
        allowed = grant.allows(verbs)
        if index is not None and allowed:
            yield grant, (*grant.path, "resources", index), grant.resources[index], allowed


def role_of(binding: Manifest) -> tuple[str, str]:
    """The kind and name of the role that a binding grants; empty where they are not strings."""
    reference = mapping(binding.data.get("roleRef"))
    return text(reference.get("kind")), text(reference.get("name"))


def subjects(binding: Manifest) -> list[tuple[int, JsonObject]]:
    """The subjects of a binding, each with its index."""
    return mappings(binding.data.get("subjects"))


def is_for_people_only(role: Manifest, objects: ObjectSet) -> bool:
    """Whether bindings of the set grant the role, and only to users and groups outside `system:`.

    A RoleBinding counts for a Role of its own namespace, and for every ClusterRole.
    """
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
