"""Objects that are templates: parts of them are known only when a controller creates them."""

from __future__ import annotations

import re

from kustodian.model.json_value import FieldPath, dig, steps_in, texts_in
from kustodian.model.manifest import Manifest

#: Go templates, parameters of OpenShift, kro and Tekton, and the delimiters of Flux's ResourceSet.
_PLACEHOLDER = re.compile(r"\{\{|\$\{|\$\((?:tt|params|context|workspaces|tasks)\.|<<\s")
#: API groups whose controllers create what is written, braces and all.
_LITERAL = frozenset({
    "work.open-cluster-management.io", "work.karmada.io", "placement.kubernetes-fleet.io",
    "kubernetes.crossplane.io", "kubernetes.m.crossplane.io", "addons.cluster.x-k8s.io", "",
})  # fmt: skip


def is_template(manifest: Manifest) -> bool:
    """Whether an object inside another one has placeholders that its carrier replaces."""
    return _may_be_template(manifest) and any(map(_PLACEHOLDER.search, texts_in(manifest.data)))


def is_placeholder(manifest: Manifest, path: FieldPath) -> bool:
    """Whether the value at a path, or of its nearest ancestor, is a text with a placeholder."""
    value = dig(manifest.data, path[: steps_in(manifest.data, path)])
    return isinstance(value, str) and bool(_PLACEHOLDER.search(value)) and _may_be_template(manifest)


def _may_be_template(manifest: Manifest) -> bool:
    """Whether one of the carriers is of a kind that replaces placeholders."""
    inside = manifest.inside
    while inside is not None:
        if inside.carrier.group not in _LITERAL or inside.carrier.kind == "Template":
            return True
        inside = inside.carrier.inside
    return False
