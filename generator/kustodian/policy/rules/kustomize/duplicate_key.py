"""Patch sets a key twice.

Why: kustomize silently takes the first. Whoever reads the other is wrong about what runs.

Fix: Remove one of the two.

Wrong:
    spec:
      replicas: 1
      replicas: 3

Right:
    spec:
      replicas: 3

Notes:
    A key that overrides one of a merge (`<<: *base`) is not repeated. kustomize refuses a manifest with a
    repeated key itself, and a kustomization with one is not checked. Only the first repeated key of each
    patch is reported.

Source: YAML 1.2, 3.2.1.3 (keys of a mapping are unique), https://yaml.org/spec/1.2.2/#3213-node-comparison
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.json_value import FieldPath, mappings, sequence, text
from kustodian.model.repository.kustomization import Kustomization
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each patch file and inline patch with a repeated key."""
    files = (file for file in view.patch_files if file in view.file_set and not file.endswith(".json"))
    texts = {file: view.read_text(file) for file in files}
    inline: dict[str, tuple[Kustomization, FieldPath]] = {}
    for kustomization in view.kustomizations.values():
        for path, patch in _inline_patches(kustomization):
            name = f"{kustomization.path}#{'/'.join(map(str, path))}"
            inline[name], texts[name] = (kustomization, path), patch
    for name, (line, key) in sorted(view.repeated_keys(texts).items()):
        message = f"the patch sets `{key}` twice; kustomize takes the first"
        if name in inline:
            yield SourceViolation(inline[name][0].path, inline[name][1], message)
        else:
            yield SourceViolation(name, (), message, line=line)


def _inline_patches(kustomization: Kustomization) -> Iterator[tuple[FieldPath, str]]:
    for field in ("patches", "patchesJson6902"):
        for index, entry in mappings(kustomization.data.get(field)):
            if patch := text(entry.get("patch")):
                yield (field, index, "patch"), patch
    for index, entry in enumerate(sequence(kustomization.data.get("patchesStrategicMerge"))):
        if "\n" in text(entry):
            yield ("patchesStrategicMerge", index), text(entry)


RULE = RepositoryRule(
    id="duplicate-key",
    topic="kustomize",
    severity="W/E/E",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
)
