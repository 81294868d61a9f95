"""Changes for which `check --base` once differed from two full checks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kustodian.model.installed_files import engine_binary
from kustodian.render.engine import Engine
from tests.unit.review.narrow.comparison import assert_same_as_full_checks
from tests.unit.review.narrow.histories import SLOTS, Change
from tests.unit.review.narrow.texts import (
    CONFIG,
    IMAGES_WITH_DIGESTS,
    KUSTOMIZATION,
    LINK,
    WAIVER_COMMENT,
    deployment,
    patch,
)

#: A repository with the first text of every file.
PLAIN = {slot: variants[0] for slot, variants in SLOTS.items() if variants[0] is not None}
OVERLAYS = "apps/two/overlays"
OVERLAY = f"{KUSTOMIZATION}resources: [../../base]\n"
PATCHED_OVERLAY = OVERLAY + "patches: [{path: patch.yaml}]\n"
PATCH = patch("two", 1, host_network=True)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(engine_binary()) as running:
        yield running


def test_a_waiver_in_a_file_that_only_unrendered_overlays_read(engine: Engine) -> None:
    """dev used it. qa replaces dev and does not read the file; the other overlays do not render."""
    first = {
        **PLAIN,
        "apps/two/base/deployment.yaml": deployment("two", "x:latest", comment=WAIVER_COMMENT),
        f"{OVERLAYS}/staging/kustomization.yaml": PATCHED_OVERLAY,
        f"{OVERLAYS}/prod/kustomization.yaml": PATCHED_OVERLAY,
    }
    change = {
        f"{OVERLAYS}/dev/kustomization.yaml": None,
        f"{OVERLAYS}/qa/kustomization.yaml": OVERLAY + IMAGES_WITH_DIGESTS,
    }
    assert_same_as_full_checks(engine, (first, [change]), staged=False)


def test_a_file_that_only_an_overlay_that_does_not_render_seems_to_use(engine: Engine) -> None:
    """staging names prod's patch but never reads it; when prod uses the patch, a finding is fixed."""
    first = {
        **PLAIN,
        f"{OVERLAYS}/prod/patch.yaml": PATCH,
        f"{OVERLAYS}/staging/kustomization.yaml": (
            f"{KUSTOMIZATION}resources: [nowhere.yaml]\nnameSuffix: ../prod/patch.yaml\n"
        ),
    }
    change: Change = {f"{OVERLAYS}/prod/kustomization.yaml": PATCHED_OVERLAY}
    summary = assert_same_as_full_checks(engine, (first, [change]), staged=False)
    assert any(finding.startswith("unused-file ") for finding in summary.fixed)


def test_a_file_whose_folder_breaks_while_another_overlay_seems_to_use_it(engine: Engine) -> None:
    """staging reads prod's patch through a link. Whether that is a use depends on prod's kustomization."""
    first = {
        **PLAIN,
        f"{OVERLAYS}/prod/patch.yaml": PATCH,
        f"{OVERLAYS}/staging/patch.yaml": f"{LINK}../prod/patch.yaml",
        f"{OVERLAYS}/staging/kustomization.yaml": PATCHED_OVERLAY,
    }
    change: Change = {f"{OVERLAYS}/prod/kustomization.yaml": "resources: [\n"}
    assert_same_as_full_checks(engine, (first, [change]), staged=False)


def test_another_image_in_the_base_of_some_overlays(engine: Engine) -> None:
    """The same old finding of three overlays grows worse; one of them is waived."""
    base = "apps/two/base/deployment.yaml"
    first = {**PLAIN, base: deployment("two", "x:latest")}
    worse = assert_same_as_full_checks(engine, (first, [{base: deployment("two", "y:latest")}]), False).worse
    assert {finding.partition(" ")[0] for finding in worse} == {"unpinned-image", "image-without-digest"}
    first[base] = deployment("two", "x:latest", comment=WAIVER_COMMENT)
    change: Change = {base: deployment("two", "y:latest", comment=WAIVER_COMMENT)}
    waived = assert_same_as_full_checks(engine, (first, [change]), False).waived_worse
    assert {finding.partition(" ")[0] for finding in waived} == {"unpinned-image"}


def test_the_budget_of_an_environment_is_exceeded_further(engine: Engine) -> None:
    """Each overlay is within the budget of 2; the change reaches one, the finding is about both."""
    gpus = ", nvidia.com/gpu: 1"
    first = {
        **PLAIN,
        "kustodian.yaml": CONFIG.substitute(budget=2),
        "apps/one/base/deployment.yaml": deployment("one", "x:1", 2, gpus),
        "apps/two/base/deployment.yaml": deployment("two", "x:1", 1, gpus),
    }
    change: Change = {"apps/two/base/deployment.yaml": deployment("two", "x:1", 2, gpus)}
    worse = assert_same_as_full_checks(engine, (first, [change]), False).worse
    assert any(finding.startswith("environment-gpu-budget-exceeded ") for finding in worse)
