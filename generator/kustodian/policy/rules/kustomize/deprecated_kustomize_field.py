"""Kustomization uses a field that kustomize has deprecated.

Why: kustomize warns about it on every build and will drop it in the next major version; Argo CD then
    renders nothing.

Fix: Write the field that replaces it, or run `kustodian check --fix`.

Wrong:
    bases:
      - ../../base
    patchesStrategicMerge:
      - replicas.yaml

Right:
    resources:
      - ../../base
    patches:
      - path: replicas.yaml

Notes:
    `commonLabels` becomes `labels` with `includeSelectors: true`, which keeps the rendered objects as they
    are. `vars` has no mechanical replacement: each becomes an entry of `replacements`.

Source: kustomize 5.8, api/types/kustomization.go, CheckDeprecatedFields and FixKustomization,
https://github.com/kubernetes-sigs/kustomize/blob/master/api/types/kustomization.go
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.edit import Action, Edit
from kustodian.model.json_value import mappings
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Reach, RepositoryRule, Worse

#: Deprecated field -> what to write.
REPLACEMENTS = {
    "bases": "List the folders under `resources`",
    "commonLabels": "Write `labels` with `pairs` and `includeSelectors: true`",
    "patchesStrategicMerge": "Write each patch as a `path` or `patch` entry of `patches`",
    "patchesJson6902": "Write each entry under `patches`: `target` with `path` or `patch`",
    "vars": "Write each variable as an entry of `replacements`",
    "imageTags": "Write `images`",
    "helmChartInflationGenerator": "Write `helmCharts`",
}
#: Fields without a mechanical replacement.
_BY_HAND = ("vars", "helmChartInflationGenerator")
_GENERATORS = ("configMapGenerator", "secretGenerator")


def check(view: RepositoryView, _: Context) -> Iterator[SourceViolation]:
    """One violation for each deprecated field of each kustomization."""
    for kustomization in view.kustomizations.values():
        for field, fix in REPLACEMENTS.items():
            if field in kustomization.data:
                yield SourceViolation(
                    kustomization.path,
                    (field,),
                    f"`{field}` is deprecated",
                    overlay=kustomization.directory,
                    fix=fix,
                    edits=(Edit(Action.MODERNIZE, (field,)),) if field not in _BY_HAND else (),
                )
        for generator in _GENERATORS:
            for index, entry in mappings(kustomization.data.get(generator)):
                if "env" in entry:
                    yield SourceViolation(
                        kustomization.path,
                        (generator, index, "env"),
                        f"`env` of `{generator}` is deprecated",
                        overlay=kustomization.directory,
                        fix="Write `envs`, a list",
                        edits=(Edit(Action.MODERNIZE, (generator, index, "env")),),
                    )


RULE = RepositoryRule(
    id="deprecated-kustomize-field",
    topic="kustomize",
    severity="W/W/W",
    check=check,
    reach=Reach.NOTHING,
    doc=__doc__,
    worse=Worse.NEVER,
)
