"""Label selectors, matched against plain labels as the API server matches them.

For the pods that a selector selects, see `pod_selection`. Source: Kubernetes API reference, meta/v1
LabelSelector: matchLabels and matchExpressions are ANDed, an empty selector matches everything.
"""

from __future__ import annotations

from collections.abc import Mapping

from kustodian.model.json_value import mapping, mappings, sequence, string_map, text


def labels_match(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether `labels` has every wanted pair, as for a Service's selector or a nodeSelector."""
    return all(labels.get(key) == value for key, value in wanted.items())


def selector_matches(selector: object, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector selects these labels; one that is not a mapping selects nothing."""
    if not isinstance(selector, dict):
        return False
    if not labels_match(string_map(selector.get("matchLabels")), labels):
        return False
    expressions = mappings(selector.get("matchExpressions"))
    return all(_expression_matches(expression, labels) for _, expression in expressions)


def is_empty_selector(selector: object) -> bool:
    """Whether the selector is a mapping that selects everything, such as `{}`."""
    data = mapping(selector)
    return isinstance(selector, dict) and not data.get("matchLabels") and not data.get("matchExpressions")


def _expression_matches(expression: Mapping[str, object], labels: Mapping[str, str]) -> bool:
    key, operator = text(expression.get("key")), text(expression.get("operator"))
    values = sequence(expression.get("values"))
    match operator:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False
