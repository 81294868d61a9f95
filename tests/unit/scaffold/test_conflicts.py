"""Answers that do not go together: every row refuses its example and says what to choose instead."""

from __future__ import annotations

from collections.abc import Callable
from string import Formatter

import pytest

from kustodian.model.errors import UserError
from kustodian.scaffold.answers.complete import complete, examine
from kustodian.scaffold.answers.environment import Environment
from kustodian.scaffold.answers.given import Given
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.answers.questions import questions_of
from kustodian_template.conflicts import ENVIRONMENT_FACTS, REPOSITORY_FACTS, Conflict, conflicts

Give = Callable[..., Given]

# For every row: answers that it refuses, where it points, words of its sentence, answers that mend it.
EXAMPLES: dict[str, tuple[str, str, str, list[str]]] = {
    "accelerator-unused": (
        "accelerator: nvidia\nenvironments: [dev]\n",
        "1:14",
        "choose accelerator none, or give one environment gpu true",
        ["accelerator=none", "environments.dev.gpu=true"],
    ),
    "pipeline-without-training": (
        "runtime: custom\npipeline: cronjob\n",
        "2:11",
        "choose runtime python, or pipeline none",
        ["runtime=python", "pipeline=none"],
    ),
    "pipeline-without-volume": (
        "model_storage: baked-in\npipeline: argo-workflows\n",
        "2:11",
        "choose model_storage pvc, or pipeline none",
        ["model_storage=pvc", "pipeline=none"],
    ),
    "cache-unused": (
        "runtime: triton\nexposure: cluster-only\ncache: redis\n",
        "3:8",
        "choose cache none, or runtime python",
        ["cache=none", "runtime=python"],
    ),
    "snapshots-without-volume": (
        "model_storage: baked-in\nbackup: snapshots\n",
        "2:9",
        "choose model_storage pvc, or backup none",
        ["model_storage=pvc", "backup=none"],
    ),
    "nothing-to-back-up": (
        "model_storage: baked-in\nbackup: velero\n",
        "2:9",
        "choose backup none, or model_storage pvc",
        ["backup=none", "model_storage=pvc"],
    ),
    "nothing-to-encrypt": (
        "runtime: triton\nexposure: cluster-only\nsecrets: sops\n",
        "3:10",
        "choose secrets kubernetes, or runtime python",
        ["secrets=kubernetes", "runtime=python", "logging=splunk", "model_registry=mlflow"],
    ),
    "chart-without-deployment": (
        "runtime: kserve\nexposure: cluster-only\nhelm_chart: 'yes'\n",
        "3:13",
        "choose helm_chart no, or runtime custom",
        ["helm_chart=no", "runtime=custom"],
    ),
    "shared-domain": (
        "environments:\n  dev: {domain: a.example.com}\n  prod: {domain: a.example.com}\n",
        "2:3",
        "give each its own",
        ["environments.dev.domain=b.example.com", "exposure=cluster-only"],
    ),
    "dra-too-new": (
        "accelerator: nvidia-dra\nkubernetes_version: '1.33'\n",
        "1:14",
        "choose a kubernetes_version of 1.34 or later, or accelerator nvidia",
        ["kubernetes_version=1.34", "accelerator=nvidia"],
    ),
    "vllm-without-accelerator": (
        "runtime: vllm\naccelerator: none\n",
        "2:14",
        "choose accelerator nvidia, or runtime custom",
        ["accelerator=nvidia", "runtime=custom"],
    ),
    "amd-on-gke": (
        "accelerator: amd\nplatform: gke\n",
        "1:14",
        "choose accelerator nvidia, or another platform",
        ["accelerator=nvidia", "platform=aks"],
    ),
    "nobody-asks-who-calls": (
        "runtime: triton\nexposure: gateway-api\n",
        "2:11",
        "choose exposure cluster-only, or mesh istio",
        ["exposure=cluster-only", "mesh=istio"],
    ),
    "kserve-brings-the-model": (
        "runtime: kserve\nexposure: cluster-only\nmodel_storage: baked-in\n",
        "3:16",
        "choose model_storage pvc, s3 or gcs",
        ["model_storage=pvc", "model_storage=s3", "model_storage=gcs"],
    ),
    "kserve-scales-itself": (
        "runtime: kserve\nexposure: cluster-only\nautoscaling: keda\n",
        "3:14",
        "choose autoscaling hpa or none",
        ["autoscaling=hpa", "autoscaling=none"],
    ),
    "kserve-rolls-out-itself": (
        "runtime: kserve\nexposure: cluster-only\nrollout: blue-green\n",
        "3:10",
        "choose rollout rolling, or runtime custom",
        ["rollout=rolling", "runtime=custom"],
    ),
    "kserve-in-a-mesh": (
        "runtime: kserve\nexposure: cluster-only\nmesh: consul\n",
        "3:7",
        "choose mesh istio or none",
        ["mesh=istio", "mesh=none"],
    ),
    "kserve-traces-nothing": (
        "runtime: kserve\nexposure: cluster-only\ntracing: jaeger\n",
        "3:10",
        "choose tracing none, or runtime custom",
        ["tracing=none", "runtime=custom"],
    ),
    "kserve-sizes-itself": (
        "runtime: kserve\nexposure: cluster-only\nvpa: recommend\n",
        "3:6",
        "choose vpa off",
        ["vpa=off"],
    ),
    "image-volume-too-new": (
        "model_storage: oci-image-volume\n",
        "1:16",
        "choose a kubernetes_version of 1.36 or later, or model_storage pvc",
        ["kubernetes_version=1.36", "model_storage=pvc"],
    ),
    "canary-without-router": (
        "rollout: canary\nexposure: cluster-only\n",
        "1:10",
        "a canary needs a traffic router: choose exposure gateway-api or ingress-nginx, mesh istio or linkerd",
        [
            "exposure=gateway-api",
            "exposure=ingress-nginx",
            "mesh=istio",
            "mesh=linkerd",
            "rollout=blue-green",
        ],
    ),
    "canary-without-metrics": (
        "rollout: canary\nmonitoring: none\n",
        "1:10",
        "choose monitoring prometheus, or rollout blue-green",
        ["monitoring=prometheus", "rollout=blue-green"],
    ),
    "outside-the-mesh": (
        "exposure: load-balancer\nmesh: istio\n",
        "1:11",
        "choose exposure gateway-api, or mesh none",
        ["exposure=gateway-api", "mesh=none"],
    ),
    "autoscaler-without-metrics": (
        "autoscaling: keda\nmonitoring: none\n",
        "1:14",
        "choose monitoring prometheus, or autoscaling hpa",
        ["monitoring=prometheus", "autoscaling=hpa"],
    ),
    "queue-without-jobs": (
        "batch_quota: kueue\nmodel_storage: baked-in\n",
        "1:14",
        "choose batch_quota none, or runtime python with model_storage pvc",
        ["batch_quota=none", "model_storage=pvc"],
    ),
    "vllm-without-gpu": (
        "runtime: vllm\nenvironments:\n  prod: {}\n  dev: {gpu: false}\n",
        "4:14",
        "choose gpu true, or runtime custom",
        ["environments.dev.gpu=true", "runtime=custom"],
    ),
    "node-port-in-prod": (
        "exposure: node-port\nenvironments:\n  staging: {}\n  live: {class: prod}\n",
        "4:17",
        "choose exposure gateway-api, or class staging",
        ["exposure=gateway-api", "environments.live.class=staging"],
    ),
    "gpu-without-accelerator": (
        "accelerator: none\nenvironments:\n  prod: {gpu: true}\n",
        "3:15",
        "prod has gpu true but accelerator is none: choose accelerator nvidia, or gpu false",
        ["accelerator=nvidia", "environments.prod.gpu=false"],
    ),
    "replicas-upside-down": (
        "environments:\n  prod: {replicas_min: 4, replicas_max: 3}\n",
        "2:41",
        "choose a replicas_max of 4 or more",
        ["environments.prod.replicas_max=4"],
    ),
    "replicas-range-without-autoscaler": (
        "autoscaling: none\nenvironments:\n  prod: {replicas_min: 3, replicas_max: 4}\n",
        "3:41",
        "choose autoscaling hpa, or a replicas_max of 3",
        ["autoscaling=hpa", "environments.prod.replicas_max=3"],
    ),
    "single-replica-in-prod": (
        "environments:\n  prod: {replicas_min: 1}\n",
        "2:24",
        "choose a replicas_min of 2 or more, or class staging",
        ["environments.prod.replicas_min=2", "environments.prod.class=staging"],
    ),
    "namespace-too-long": (
        f"model_name: {'m' * 40}\nenvironments:\n  a-name-for-production-of-24: {{class: prod}}\n",
        "3:3",
        "choose a shorter model_name or environment name",
        ["model_name=m"],
    ),
    "name-of-an-add-on": (
        "environments: {tracing: {}, prod: {}}\naccelerator: none\n",
        "1:16",
        "choose another name",
        ["environments=dev,prod"],
    ),
    "reserved-name": (
        "environments: [cluster, prod]\n",
        "1:1",
        "choose another name",
        ["environments=dev,prod"],
    ),
}


ROWS = (*conflicts().repository, *conflicts().environments)


def test_every_row_has_an_example() -> None:
    assert sorted(row.id for row in ROWS) == sorted(EXAMPLES)


@pytest.mark.parametrize("row", EXAMPLES)
def test_the_row_refuses_its_example_and_takes_what_it_proposes(give: Give, row: str) -> None:
    text, place, words, mends = EXAMPLES[row]
    with pytest.raises(UserError) as caught:
        complete(give(text))
    assert words in caught.value.message
    assert caught.value.place() == f"answers.yaml:{place}"
    for mend in mends:
        complete(give(text, mend))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_waits_until_the_answers_that_it_reads_are_known(give: Give, row: Conflict) -> None:
    text, _, words, _ = EXAMPLES[row.id]
    values = give(text).values
    assert examine(values, frozenset(row.reads))[1] != []
    for unknown in row.reads:
        found = examine(values, frozenset(Answers.model_fields) - {unknown})[1]
        assert words not in " ".join(problem.message for problem in found)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_names_answers_and_choices_that_exist(row: Conflict) -> None:
    questions = {question.key: question for question in questions_of(Answers)}
    own = {question.key: question for question in questions_of(Environment)}
    if row in conflicts().repository:
        known = {*questions, *REPOSITORY_FACTS}
        assert row.path == row.reads[:1]
    else:
        questions |= own
        known = {*questions, *ENVIRONMENT_FACTS}
        assert row.path[:2] == ("environments", "{name}") and own.keys() >= set(row.path[2:])
    assert set(row.reads) <= set(Answers.model_fields)
    assert {field for _, field, _, _ in Formatter().parse(row.sentence) if field} <= known
    for alternative in row.alternatives:
        assert alternative.keys() <= known
        for key, wanted in alternative.items():
            word, values = next(iter(wanted.items())) if isinstance(wanted, dict) else ("not", wanted)
            assert word in ("not", "below", "above")
            choices = questions[key].choices if key in questions else None
            if choices:
                assert set(values if isinstance(values, list) else [values]) <= set(choices)


@pytest.mark.parametrize(
    ("value", "wanted", "is_refused"),
    [
        ("b", "b", True),
        ("b", "a", False),
        ("b", ["a", "b"], True),
        ("c", ["a", "b"], False),
        ("b", {"not": "b"}, False),
        ("b", {"not": ["a", "c"]}, True),
        ("1.9", {"below": "1.10"}, True),
        ("1.10", {"below": "1.9"}, False),
        (3, {"below": "limit"}, True),
        (4, {"below": "limit"}, False),
        (4, {"above": "limit"}, False),
        (5, {"above": 4}, True),
        (True, True, True),
        (False, True, False),
    ],
)
def test_what_a_row_can_say_of_a_value(value: object, wanted: object, is_refused: bool) -> None:
    row = Conflict("id", ({"key": wanted},), "sentence", ("key",), ("key",), harmless=False)
    assert row.refuses({"key": value, "limit": 4}) == is_refused


def test_one_of_several_alternatives_is_enough_and_all_of_its_answers_have_to_match() -> None:
    row = Conflict("id", ({"a": 1, "b": 1}, {"c": 1}), "sentence", ("a",), ("a",), harmless=False)
    assert row.refuses({"a": 1, "b": 1, "c": 0}) and row.refuses({"a": 0, "b": 0, "c": 1})
    assert not row.refuses({"a": 1, "b": 0, "c": 0})


def test_a_default_that_does_not_go_with_a_given_answer_points_at_the_given_one(give: Give) -> None:
    with pytest.raises(UserError) as caught:
        complete(give("team: a\nenvironments: [dev]\n"))
    assert "choose accelerator none" in caught.value.message
    assert caught.value.place() == "answers.yaml:2:15"
