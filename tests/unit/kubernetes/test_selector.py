"""Label selectors select what the API server would select."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kustodian.kubernetes.selector import is_empty_selector, labels_match, selector_matches

LABELS = {"app": "web", "tier": "", "app.kubernetes.io/name": "web"}


def one(key: str, operator: str, *values: str) -> dict[str, object]:
    expression: dict[str, object] = {"key": key, "operator": operator}
    return {"matchExpressions": [{**expression, "values": list(values)} if values else expression]}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {}, "matchExpressions": []}, True),
        ({"matchLabels": None, "matchExpressions": None}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "Web"}}, False),
        ({"matchLabels": {"app": "web", "zone": "a"}}, False),
        ({"matchLabels": {"tier": ""}}, True),
        ({"matchLabels": {"zone": ""}}, False),
        (one("app", "In", "api", "web"), True),
        (one("app", "In", "api"), False),
        (one("zone", "In", ""), False),
        (one("app", "NotIn", "api"), True),
        (one("app", "NotIn", "web", "api"), False),
        (one("zone", "NotIn", "a"), True),  # a pod without the label is selected too
        (one("tier", "Exists"), True),
        (one("zone", "Exists"), False),
        (one("zone", "DoesNotExist"), True),
        (one("tier", "DoesNotExist"), False),
        (one("app", "in", "web"), False),  # the API server refuses it
        ({"matchLabels": {"app": "web"}, **one("app", "NotIn", "web")}, False),
        ({"matchLabels": {"app": "web"}, **one("tier", "Exists")}, True),
        ({"app": "web"}, True),  # not a LabelSelector: without its two fields it requires nothing
        ("app=web", False),
        ([], False),
        ({"matchLabels": {"app": 1}}, True),  # the schema check reports a value that is not a string
        ({"matchExpressions": [None, "x"]}, True),
    ],
)
def test_selector(selector: object, selected: bool) -> None:
    assert selector_matches(selector, LABELS) is selected


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ({}, True),
        ({"app": "web"}, True),
        ({"app": "web", "tier": ""}, True),
        ({"app": "api"}, False),
        ({"app": "web", "zone": "a"}, False),
        ({"zone": ""}, False),
    ],
)
def test_labels_match(wanted: dict[str, str], matches: bool) -> None:
    assert labels_match(wanted, LABELS) is matches


def test_empty_is_not_absent() -> None:
    assert is_empty_selector({})
    assert is_empty_selector({"matchLabels": {}})
    assert not is_empty_selector(None)
    assert not is_empty_selector(one("app", "Exists"))


KEYS, VALUES = st.sampled_from("abc"), st.sampled_from(["", "x", "y"])


@given(st.dictionaries(KEYS, VALUES), KEYS, st.lists(VALUES, min_size=1, max_size=2))
def test_operators_are_each_others_opposite(labels: dict[str, str], key: str, values: list[str]) -> None:
    assert selector_matches(one(key, "In", *values), labels) is not selector_matches(
        one(key, "NotIn", *values), labels
    )
    assert selector_matches(one(key, "Exists"), labels) is not selector_matches(
        one(key, "DoesNotExist"), labels
    )
    if selector_matches(one(key, "In", *values), labels):
        assert selector_matches(one(key, "Exists"), labels)


@given(st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES))
def test_labels_are_short_for_in(wanted: dict[str, str], labels: dict[str, str]) -> None:
    expressions = [{"key": k, "operator": "In", "values": [v]} for k, v in wanted.items()]
    assert selector_matches({"matchLabels": wanted}, labels) is selector_matches(
        {"matchExpressions": expressions}, labels
    )
