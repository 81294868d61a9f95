"""README and runbooks of every preset: each path is there, each command is one, each name is one that is deployed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generator.documents import Documents
from tests.generator.repositories import PRESETS, answers_of, edited, make

#: Answers that no preset has and that documents speak of.
OTHERS: dict[str, dict[str, object]] = {
    "defaults": {},
    "sops": {"secrets": "sops", "cache": "redis", "backup": "snapshots", "helm_chart": "yes", "ci": "gitlab"},
    "sealed": {
        "secrets": "sealed-secrets",
        "backup": "velero",
        "clusters": "multi",
        "autoscaling": "hpa-custom",
    },
    "csi": {
        "secrets": "csi",
        "rollout": "blue-green",
        "backup": "velero",
        "ci": "jenkins",
        "pipeline": "cronjob",
    },
    "bucket": {"model_storage": "s3", "backup": "velero", "secrets": "kubernetes"},
    "by-hand": {
        "secrets": "kubernetes",
        "logging": "splunk",
        "model_registry": "kubeflow",
        "runtime": "custom",
    },
    "kserve-volume": {
        "runtime": "kserve",
        "exposure": "cluster-only",
        "accelerator": "none",
        "backup": "velero",
    },
}


def _cases() -> dict[str, tuple[str | None, dict[str, object]]]:
    return {
        **{preset: (preset, {}) for preset in PRESETS},
        **{name: (None, given) for name, given in OTHERS.items()},
    }


@pytest.mark.parametrize("case", _cases())
def test_what_the_documents_say_is_true(case: str, tmp_path: Path) -> None:
    preset, settings = _cases()[case]
    assert Documents(make(answers_of(preset, settings), tmp_path / "repository")).lies() == []


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    return Documents(make(answers_of(None), tmp_path_factory.mktemp("default") / "repository"))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("README.md", "`kustodian.yaml`", "`kustodian.toml.yaml`"),
        ("README.md", "`components/hpa/autoscaler.yaml`", "`components/hpa/scaler.yaml`"),
        ("README.md", "$ kustodian check ", "$ kustodian verify "),
        ("README.md", "$ kustodian diff --base", "$ kustodian diff --against"),
        ("README.md", "kustomize build overlays/prod", "kustomize build overlays/production"),
        ("docs/runbooks/on-call.md", "kubectl -n iris-prod logs", "kubectl -n iris-production logs"),
        ("docs/runbooks/on-call.md", "deployment/iris --tail", "deployment/server --tail"),
        ("docs/runbooks/promote.md", "argocd app wait iris-prod", "argocd app wait iris-production"),
        ("docs/promotion.md", "kustodian promote staging prod", "kustodian promote staging production"),
    ],
)
def test_a_lie_is_seen(default: Documents, file: str, old: str, new: str) -> None:
    with edited(default.root / file, old, new):
        assert default.lies()
    assert default.lies() == []
