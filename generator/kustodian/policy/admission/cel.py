"""Building blocks of the CEL expressions in admission policies.

Written for Kubernetes 1.30 or newer (admissionregistration.k8s.io/v1, optional types: `a.?b.orValue(c)`).
Each `variables.x` is evaluated on first use, once per object.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

#: Group, versions and resources that a policy matches.
Resources = tuple[str, tuple[str, ...], tuple[str, ...]]

WORKLOADS: tuple[Resources, ...] = (
    ("", ("v1",), ("pods", "pods/ephemeralcontainers", "podtemplates", "replicationcontrollers")),
    ("apps", ("v1",), ("deployments", "statefulsets", "daemonsets", "replicasets")),
    ("batch", ("v1",), ("jobs", "cronjobs")),
    ("argoproj.io", ("v1alpha1",), ("rollouts",)),
)

#: Variables by name; each may use those before it.
VARIABLES = {
    "template": (
        "object.kind == 'Pod' ? dyn(object) : "
        "object.kind == 'CronJob' ? dyn(object.spec.jobTemplate.spec.template) : "
        "object.kind == 'PodTemplate' ? dyn(object.template) : "
        "dyn(object.spec).?template.orValue({})"
    ),
    "pod": "dyn(variables.template).?spec.orValue({})",
    "podAnnotations": "dyn(variables.template).?metadata.?annotations.orValue({})",
    "podContext": "dyn(variables.pod).?securityContext.orValue({})",
    "isWindows": "dyn(variables.pod).?os.?name.orValue('') == 'windows'",
    "main": "dyn(variables.pod).?containers.orValue([])",
    "init": "dyn(variables.pod).?initContainers.orValue([])",
    "ephemeral": "dyn(variables.pod).?ephemeralContainers.orValue([])",
    "containers": "variables.main + variables.init + variables.ephemeral",
    "lasting": "variables.main + variables.init",
    "volumes": "dyn(variables.pod).?volumes.orValue([])",
    # Leave out values that a controller or injector fills in later.
    "images": (
        "(variables.containers.map(c, dyn(c).?image.orValue('')) + "
        "variables.volumes.map(v, dyn(v).?image.?reference.orValue('')))"
        r".filter(i, i != '' && i != 'auto' && !i.matches('\\{\\{|\\$[({A-Za-z_]'))"
    ),
    "contexts": "[variables.podContext] + variables.containers.map(c, dyn(c).?securityContext.orValue({}))",
    "userNamespace": "dyn(variables.pod).?hostUsers.orValue(true) == false",
    "rules": "dyn(object).?rules.orValue([])",
    "subjects": "dyn(object).?subjects.orValue([])",
    "annotations": "dyn(object.metadata).?annotations.orValue({})",
    "spec": "dyn(object).?spec.orValue({})",
}


@dataclass(frozen=True, slots=True)
class Cel:
    """A rule in CEL: `admits` is true for objects that pass; `resources` are what the rule applies to."""

    admits: str
    resources: tuple[Resources, ...] = WORKLOADS

    def variables(self) -> dict[str, str]:
        """The variables that the expression uses, directly or through others, in order of definition."""
        used: set[str] = set()
        pending = [self.admits]
        while pending:
            text = pending.pop()
            for name, expression in VARIABLES.items():
                if name not in used and _uses(text, name):
                    used.add(name)
                    pending.append(expression)
        return {name: expression for name, expression in VARIABLES.items() if name in used}


def _uses(text: str, name: str) -> bool:
    import re

    return re.search(rf"\bvariables\.{name}\b", text) is not None


def literal(text: str) -> str:
    """A string as a CEL string literal."""
    return json.dumps(text, ensure_ascii=True)


def strings(values: object) -> str:
    """A collection of strings as a CEL list, sorted."""
    assert isinstance(values, tuple | list | frozenset | set)
    return "[" + ", ".join(literal(str(value)) for value in sorted(values, key=str)) + "]"


def each(expression: str, over: str = "containers") -> str:
    """CEL that is true if the expression holds for every container `c` (dynamic) of a list."""
    return f"variables.{over}.all(c, {expression})"


def context(field: str, default: str = "null") -> str:
    """CEL for a field of a container's own securityContext, such as `capabilities.?add`."""
    return f"dyn(c).?securityContext.?{field}.orValue({default})"
