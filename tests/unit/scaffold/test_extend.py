"""An environment or a component more in a repository that people have edited since it was generated."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kustodian.model.errors import UserError
from kustodian.scaffold.answers.complete import complete
from kustodian.scaffold.answers.given import Given
from kustodian.scaffold.extend import (
    answers_of_component,
    changes,
    diff,
    recorded,
    with_component,
    with_environment,
    write,
)
from kustodian.scaffold.writing.writer import write as write_new
from kustodian_template.record import RECORD_NAME
from tests.unit.scaffold.conftest import REAL_TEMPLATE, snapshot


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("generated") / "iris-model"
    write_new(complete(Given()), root, REAL_TEMPLATE, lambda _: None)
    return root


@pytest.fixture
def repository(generated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(generated, tmp_path / "iris-model"))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere"


def test_an_environment_more_equals_one_that_was_there_from_the_start(
    repository: Path, elsewhere: Path
) -> None:
    answers = with_environment(repository, "qa", ["replicas_min=4", "class=staging"])
    found = changes(repository, answers, REAL_TEMPLATE)
    assert "overlays/qa/version.yaml" in {change.path for change in found if change.before is None}
    write(repository, found)
    write_new(answers, elsewhere, REAL_TEMPLATE, lambda _: None)
    assert snapshot(repository) == snapshot(elsewhere)
    assert list(answers.environments) == ["dev", "staging", "qa", "prod"]
    assert answers.environments["qa"].replicas_min == 4


@pytest.mark.parametrize("name", ["canary", "tracing"])
def test_a_component_more_equals_one_that_was_there_from_the_start(
    repository: Path, elsewhere: Path, name: str
) -> None:
    choices = answers_of_component(repository, name)
    answers = with_component(repository, name, [], choices)
    found = changes(repository, answers, REAL_TEMPLATE)
    write(repository, found)
    write_new(answers, elsewhere, REAL_TEMPLATE, lambda _: None)
    assert snapshot(repository) == snapshot(elsewhere)


def test_a_component_leaves_the_answers_that_allow_it(repository: Path) -> None:
    record = repository / RECORD_NAME
    record.write_text(record.read_text().replace("secrets: external-secrets", "secrets: sealed-secrets"))
    assert answers_of_component(repository, "redis") == {
        "cache": "redis",
        "secrets": "sealed-secrets",
    }
    choices = answers_of_component(repository, "istio-tokens")
    with pytest.raises(UserError, match="does not go with runtime python"):
        with_component(repository, "istio-tokens", [], choices)
    meant = ["runtime=triton", "secrets=kubernetes"]
    assert with_component(repository, "istio-tokens", meant, choices).runtime == "triton"


def test_edits_elsewhere_in_a_file_stay(repository: Path) -> None:
    edited = repository / "kustodian.yaml"
    edited.write_text(edited.read_text() + "# ours\n")
    promoted = repository / "overlays/prod/version.yaml"
    promoted.write_text(promoted.read_text().replace('version: "0.0.0"', 'version: "1.2.3"'))
    write(repository, changes(repository, with_environment(repository, "qa", []), REAL_TEMPLATE))
    assert edited.read_text().endswith("# ours\n") and "overlays/qa" in edited.read_text()
    assert 'version: "1.2.3"' in promoted.read_text()


def test_an_edit_in_the_same_lines_refuses_everything(repository: Path) -> None:
    edited = repository / "argocd/project.yaml"
    edited.write_text(edited.read_text().replace("namespace: iris-prod", "namespace: iris-live"))
    before = snapshot(repository)
    with pytest.raises(UserError, match=r"argocd/project\.yaml; nothing was written"):
        changes(repository, with_environment(repository, "prod-eu", ["class=prod"]), REAL_TEMPLATE)
    assert snapshot(repository) == before


def test_an_edited_file_is_not_deleted(repository: Path) -> None:
    edited = repository / "components/hpa/autoscaler.yaml"
    edited.write_text(edited.read_text().replace("averageUtilization: 70", "averageUtilization: 60"))
    choices = answers_of_component(repository, "keda")
    with pytest.raises(UserError, match=r"components/hpa/autoscaler\.yaml"):
        changes(repository, with_component(repository, "keda", [], choices), REAL_TEMPLATE)


def test_the_diff_is_one_that_git_takes(repository: Path, tmp_path: Path) -> None:
    choices = answers_of_component(repository, "keda")
    found = changes(repository, with_component(repository, "keda", [], choices), REAL_TEMPLATE)
    patch = tmp_path / "a.patch"
    patch.write_text("".join(f"{line}\n" for line in diff(found)))
    subprocess.run(["git", "apply", str(patch)], cwd=repository, check=True)
    assert not (repository / "components/hpa").exists()
    assert changes(repository, with_environment(repository, "qa", []), REAL_TEMPLATE)


def test_a_write_that_fails_leaves_everything_as_it_was(repository: Path) -> None:
    found = changes(repository, with_environment(repository, "qa", []), REAL_TEMPLATE)
    (repository / "overlays/qa").write_text("a file where the folder would go")
    before = snapshot(repository)
    with pytest.raises(UserError, match="everything is as it was"):
        write(repository, found)
    assert snapshot(repository) == before


def test_what_cannot_be_added_is_refused_with_the_way_out(repository: Path) -> None:
    with pytest.raises(UserError, match="there is an environment prod already"):
        with_environment(repository, "prod", [])
    with pytest.raises(UserError, match="no component kedda") as caught:
        answers_of_component(repository, "kedda")
    assert caught.value.hint == "did you mean keda?"
    with pytest.raises(UserError, match="hpa is here already"):
        with_component(repository, "hpa", [], answers_of_component(repository, "hpa"))
    with pytest.raises(UserError, match=r"choose a kubernetes_version of 1\.36"):
        with_component(repository, "model-image", [], {"model_storage": "oci-image-volume"})
    (repository / RECORD_NAME).unlink()
    with pytest.raises(UserError, match="does not say what it was generated from"):
        recorded(repository)
