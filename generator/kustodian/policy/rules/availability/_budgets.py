"""The pods that a PodDisruptionBudget selects; shared by the budget rules."""

from __future__ import annotations

from kustodian.kubernetes.controller_labels import pods_selected
from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.selector import is_empty_selector
from kustodian.model.manifest import Manifest


def selected_pods(objects: ObjectSet, budget: Manifest) -> list[PodTemplate]:
    """The pod templates whose pods the budget protects.

    An absent selector selects nothing. An empty one selects everything in policy/v1 and nothing in
    policy/v1beta1 (Kubernetes API reference, PodDisruptionBudgetSpec).
    """
    selector = budget.spec.get("selector")
    if is_empty_selector(selector) and budget.api_version == "policy/v1beta1":
        return []
    return pods_selected(objects, selector, namespace_of(budget))
