"""The edit test over real kustomizations: what `where` calls exact changes exactly that value."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from kustodian.model.installed_files import engine_binary
from kustodian.render.engine import Engine
from tests.support.edits import edit_values

CORPUS = os.environ.get("KUSTODIAN_CORPUS")


@pytest.mark.skipif(CORPUS is None, reason="KUSTODIAN_CORPUS is not set")
def test_edits_of_the_corpus(tmp_path: Path) -> None:
    corpus = Path(CORPUS or "")
    root = tmp_path / "repository"
    shutil.copytree(corpus / "kubeflow-manifests", root, symlinks=True)
    overlays = (corpus / "kubeflow-renderable.txt").read_text().split()
    rng, counts, wrong = random.Random(20261130), Counter[str](), list[str]()
    with Engine(engine_binary()) as engine:
        for overlay in rng.sample(overlays, 60):
            result = edit_values(engine, root, overlay, 4, rng)
            counts += result.counts
            wrong += result.wrong
    print(dict(counts))
    tried = sum(
        counts[outcome]
        for outcome in ("right", "another value changed", "more changed", "the text is not there")
    )
    assert tried >= 150
    assert counts["right"] >= 0.995 * tried, "\n".join(wrong)
    assert counts["exact"] >= 0.97 * counts["values"], counts
