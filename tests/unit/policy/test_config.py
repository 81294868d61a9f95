"""`kustodian.yaml`: its values, and one clear error where it is wrong."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from kustodian.model.environment import EnvironmentClass, Severity
from kustodian.model.errors import UserError
from kustodian.model.json_value import FieldPath
from kustodian.policy.config import Config, load_config
from kustodian.policy.config_schema import config_schema, known_keys

WAIVER = {"rule": "unpinned-image", "object": "*", "reason": "r", "owner": "o", "expires": "2026-01-31"}


def test_nothing_given_is_the_defaults_that_the_schema_names() -> None:
    assert load_config(None, "f") == load_config({}, "f") == Config()
    for key, schema in config_schema()["properties"].items():
        name = re.sub("[A-Z]", lambda letter: "_" + letter.group().lower(), key)
        value = getattr(Config(), name)
        if "default" in schema:
            assert value == schema["default"], key
        elif key != "rego":
            assert not value, key
    assert (
        list(Config().rego.namespaces)
        == config_schema()["properties"]["rego"]["properties"]["namespaces"]["default"]
    )
    assert len(fields(Config)) == len(config_schema()["properties"])


def test_values() -> None:
    config = load_config(
        {
            "kubernetesVersion": 1.34,  # YAML's number
            "environments": {
                "qa": {"paths": ["a/*"], "severity": {"gpu": False, "images": "info"}, "gpuBudget": 3},
                "live": {"paths": ["b"], "class": "dev"},
                "other": {"paths": ["c"], "class": None, "gpuBudget": None},
            },
            "podTemplates": [{"group": "g", "kind": "K", "path": "spec.template"}],
            "rego": {"policy": ["p"]},
            "waivers": [WAIVER],
            "rules": {"unpinned-image": {"severity": False}},
        },
        "f",
    )
    assert config.kubernetes_version == "1.34"
    qa, live, other = (config.environment(name) for name in ("qa", "live", "other"))
    assert (qa.environment_class, live.environment_class, other.environment_class) == (
        EnvironmentClass.STAGING, EnvironmentClass.DEV, EnvironmentClass.PROD,
    )  # fmt: skip
    assert qa.severities == {"gpu": None, "images": Severity.INFO}
    assert (qa.gpu_budget, other.gpu_budget) == (3, None)
    assert config.pod_templates[0].field_path == ("spec", "template")
    assert (config.rego.policy, config.rego.namespaces) == (("p",), ("main",))
    assert config.waivers[0].expires == date(2026, 1, 31)
    assert config.settings().rules["unpinned-image"].off


def _environment(**more: Any) -> dict[str, Any]:
    return {"environments": {"prod": {"paths": ["a"], **more}}}


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        ([1], "expected a mapping", "configuration.md"),
        ("x", "expected a mapping", "configuration.md"),
        ({"registres": []}, "unknown key `registres`", "did you mean `registries`?"),
        ({"environments": {"prod": {"path": ["a"]}}}, "unknown key `path`", "did you mean `paths`?"),
        ({"environments": {"prod": {}}}, "`paths` is missing", None),
        ({"environments": None}, "`environments`: null is not of type", None),
        (_environment(gpuBudget=-1), "`environments.prod.gpuBudget`: -1 is less than the minimum", None),
        (_environment(gpuBudget=1.5), "`environments.prod.gpuBudget`: 1.5 is not of type", None),
        (_environment(**{"class": "stage"}), "`stage` is not one of dev, staging, prod", "did you mean `staging`?"),
        (_environment(severity={"gpu": "high"}), "`environments.prod.severity.gpu`: `high` is not one of error", None),
        (_environment(severity={"gpus": "info"}), "unknown rule, tag or topic `gpus`", "did you mean `gpu`?"),
        ({"failOn": "fatal"}, "`failOn`: `fatal` is not one of error, warning, info", None),
        ({"kubernetesVersion": "v1.30"}, "`v1.30` is not a Kubernetes version (want 1.34", None),
        ({"kubernetesVersion": 2.3}, "`2.3` is not a Kubernetes version (want 1.34", None),
        ({"rego": {"policy": "x"}}, '`rego.policy`: "x" is not of type "array"', None),
        ({"rules": {"unpinned-image": 3}}, "`rules.unpinned-image`: 3 is not of type", None),
        ({"rules": {"unpinned-imag": {}}}, "unknown rule `unpinned-imag`", "did you mean `unpinned-image`?"),
        ({"waivers": [WAIVER | {"reason": ""}]}, '`waivers.0.reason`: "" is shorter', None),
        ({"waivers": [WAIVER | {"expires": "2026-02-30"}]}, '`waivers.0.expires`: `2026-02-30` is not a date (want YYYY-MM-DD)', None),
        ({"waivers": [WAIVER | {"environments": ["x"]}]}, "unknown environment `x`", None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(data: object, message: str, hint: str | None) -> None:
    with pytest.raises(UserError) as caught:
        load_config(data, "kustodian.yaml")
    assert message in caught.value.message
    assert (hint or "") in (caught.value.hint or "")


def test_the_first_problem_in_the_file_is_said_at_its_line() -> None:
    lines: dict[FieldPath, int] = {("failOn",): 7, ("environments", "prod", "gpuBudget"): 3, ("cpuLimit",): 5}
    data = {"failOn": "fatal", "cpuLimit": "x", **_environment(gpuBudget="many")}
    for line in (3, 5, 7):
        with pytest.raises(UserError) as caught:
            load_config(data, "f", lambda path: (lines[path], 1) if path in lines else None)
        assert caught.value.line == line
        key: Any = next(path for path, number in lines.items() if number == line)
        data.pop(key[0])


def test_keys_at_any_place() -> None:
    assert "gpuBudget" in known_keys(("environments", "anything"))
    assert "owner" in known_keys(("waivers", 3))
    assert known_keys(("rules", "unpinned-image")) == []
    assert known_keys(("nowhere", 1)) == []
