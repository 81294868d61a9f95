"""`kustodian add` as a person runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.harness import kustodian


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    done = kustodian("new", "iris-model", "--preset", "sklearn-cpu", "--defaults", "--no-check", cwd=tmp_path)
    assert done.code == 0, done.err
    return tmp_path / "iris-model"


def test_an_environment_is_added_and_checked(repository: Path) -> None:
    shown = kustodian("add", "environment", "qa", "--dry-run", cwd=repository)
    assert shown.code == 0 and "+++ b/overlays/qa/version.yaml" in shown.out
    assert not (repository / "overlays/qa").exists()
    done = kustodian("add", "environment", "qa", "--set", "replicas_min=2", cwd=repository / "overlays")
    assert done.code == 0, done.err
    assert "A overlays/qa/version.yaml" in done.out and "overlays/qa" in done.out.splitlines()[-3]
    assert "iris-qa" in (repository / "argocd/project.yaml").read_text()


def test_a_component_is_added(repository: Path) -> None:
    done = kustodian("add", "component", "keda", "--no-check", cwd=repository)
    assert done.code == 0, done.err
    assert "D components/hpa/autoscaler.yaml" in done.out
    assert (repository / "components/keda/scaled-object.yaml").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["environment", "prod"], "there is an environment prod already"),
        (["environment", "Bad"], "the name of an environment must be a DNS label"),
        (["environment", "qa", "--set", "replica_min=2"], "did you mean replicas_min?"),
        (["component", "kedda"], "did you mean keda?"),
        (["component", "canary", "--set", "monitoring=none"], "choose monitoring prometheus"),
        (["component", "istio-tokens"], "does not go with runtime python"),
        (["component", "keda", "--set", "modle_name=a"], "did you mean model_name?"),
    ],
)
def test_a_wrong_word_changes_nothing(repository: Path, words: list[str], said: str) -> None:
    done = kustodian("add", *words, cwd=repository)
    assert done.code == 2 and said in done.err
    assert not (repository / "overlays/qa").exists()


def test_what_people_have_not_committed_stays(repository: Path) -> None:
    readme = repository / "README.md"
    readme.write_text(readme.read_text() + "Ours.\n")
    (repository / "notes.txt").write_text("ours")
    done = kustodian("add", "environment", "qa", "--no-check", cwd=repository)
    assert done.code == 0, done.err
    assert readme.read_text().endswith("Ours.\n") and "qa" in readme.read_text()
    assert (repository / "notes.txt").read_text() == "ours"


def test_elsewhere_it_says_what_is_missing(tmp_path: Path) -> None:
    done = kustodian("add", "environment", "qa", cwd=tmp_path)
    assert done.code == 2 and ".kustodian-answers.yaml" in done.err
