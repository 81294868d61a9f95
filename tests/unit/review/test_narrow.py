"""`check --base` renders little and must find the same as two full checks: random repositories, random changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, currently_in_test_context, event, given, settings
from hypothesis import strategies as st

from kustodian.model.errors import UserError
from kustodian.model.finding import Status
from kustodian.model.installed_files import engine_binary
from kustodian.model.results.check_report import CheckReport
from kustodian.render.engine import Engine
from kustodian.review.check.options import CheckOptions
from kustodian.review.compare.pull_request import check_against
from kustodian.review.entry import check

K = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
CONFIG = """\
environments:
  dev: {paths: ['apps/*/overlays/dev']}
  staging: {paths: ['apps/*/overlays/staging']}
  prod: {paths: ['apps/*/overlays/prod'], gpuBudget: %d}
exclude: [excluded]
%s"""
REGO = "rego: {policy: [policies], data: [limits.yaml]}\n"
POLICY = """\
package main

import rego.v1

deny contains msg if {{
  input.kind == "Deployment"
  input.spec.replicas > data.limits.replicas
  msg := "{0}"
}}
"""
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: widgets.example.com}}
spec:
  group: example.com
  scope: Namespaced
  names: {{kind: Widget, plural: widgets}}
  versions:
    - name: v1
      served: {served}
      storage: true
      schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: object, properties: {{size: {{type: {kind}}}}}}}}}}}}}
"""
WIDGET = "---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 3}\n"
PREFIX = "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {{name: t}}\nprefix: {0}-\nfieldSpecs: [{{path: metadata/name}}]\n"
#: A file that begins with this is a symbolic link to what follows.
LINK = "-> "
WAIVER = """\
waivers:
  - {rule: unpinned-image, object: 'Deployment/*', reason: later, owner: ml, expires: 2999-01-01}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
        - name: server
          image: {image}{comment}
          resources: {{limits: {{memory: 1Gi{gpu}}}}}
"""
SCALER = """\
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: {name}}}
spec: {{minReplicas: 1, maxReplicas: 3, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}}}
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"
PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, annotations: {{argocd.argoproj.io/sync-wave: "{wave}"}}}}
spec: {{template: {{spec: {{hostNetwork: {host}}}}}}}
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {name}, namespace: argocd}}
spec:
  project: {project}
  source: {{repoURL: https://git.example.com/fleet.git, path: {path}, targetRevision: main}}
  destination: {{namespace: team, server: https://kubernetes.default.svc}}
"""
SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all, namespace: argocd}
spec:
  generators: [{git: {repoURL: https://git.example.com/fleet.git, directories: [{path: 'apps/*/overlays/*'}]}}]
  template:
    metadata: {name: '{{path.basename}}'}
    spec:
      project: fleet
      source: {repoURL: https://git.example.com/fleet.git, path: '{{path}}', targetRevision: main}
      destination: {namespace: team, server: https://kubernetes.default.svc}
"""
A, B = "a" * 64, "b" * 64
Variants = tuple[str | None, ...]
#: The files of a first commit, and what each later change writes or deletes (None).
History = tuple[dict[str, str], list[dict[str, str | None]]]


def _deployments(name: str) -> Variants:
    def one(image: str, replicas: int = 1, gpu: str = "", comment: str = "") -> str:
        return DEPLOYMENT.format(name=name, image=image, replicas=replicas, gpu=gpu, comment=comment)

    waiver = '  # kustodian: allow unpinned-image reason="later" owner=ml expires=2999-01-01'
    return (
        one("x:1"), one("x:latest"), one("x:latest", comment=waiver), one("x:1", comment=waiver),
        one("x:1", 2, ", nvidia.com/gpu: 1"), one("x:1", 3) + SCALER.format(name=name),
        one(f"x@sha256:{A}"), one("x:1") + WIDGET, None,
    )  # fmt: skip


def _application(name: str) -> dict[str, Variants]:
    """The files of one application, each with the texts that it may have; None is no such file."""
    app = f"apps/{name}"
    base = f"{K}resources: [deployment.yaml"
    files: dict[str, Variants] = {
        f"{app}/base/deployment.yaml": _deployments(name),
        f"{app}/base/namespace.yaml": (None, NAMESPACE.format(name="team"), NAMESPACE.format(name="other")),
        f"{app}/base/settings.txt": ("a=1", "a=2", None),
        f"{app}/base/generator.yaml": (
            "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: s}\nfiles: [settings.txt]\n", None,
        ),
        f"{app}/base/kustomization.yaml": (
            f"{base}]\n",
            f"{base}, namespace.yaml]\n",
            f"{base}]\nconfigMapGenerator: [{{name: s, files: [settings.txt]}}]\n",
            f"{base}]\ngenerators: [generator.yaml]\n",
            f"{base}, ../../../shared]\n",
            f"{base}, ../../../.hidden]\n",
            f"{base}, ../../../shared]\ncomponents: [../../../components/d]\n",
            f"{base}]\ntransformers: [../../../prefix.yaml]\n",
        ),
    }  # fmt: skip
    for environment in ("dev", "staging", "prod"):
        overlay = f"{app}/overlays/{environment}"
        plain = f"{K}resources: [../../base]\n"
        files[f"{overlay}/patch.yaml"] = (
            None, PATCH.format(name=name, wave=1, host="true"), PATCH.format(name=name, wave=-1, host="false"),
            *((f"{LINK}../prod/patch.yaml",) if environment != "prod" else ()),
        )  # fmt: skip
        files[f"{overlay}/kustomization.yaml"] = (
            plain,
            f"{plain}namespace: team\n",
            f"{plain}namespace: team\npatches: [{{path: patch.yaml}}]\n",
            f"{plain}components: [../../../../components/c]\n",
            f"{plain}components: [../../../../components/d]\nnamePrefix: p-\n",
            f"{plain}patches: [{{path: ../../../two/overlays/prod/patch.yaml, target: {{kind: Deployment}}}}]\n",
            f"{plain}patches: [{{patch: '[{{op: replace, path: /spec/replicas, value: 5}}]', target: {{kind: Deployment}}}}]\n",
            f"{plain}transformers: [../../../../prefix.yaml]\n",
            f"{plain}images: [{{name: x, newTag: '2'}}]\n",
            f"{plain}images: [{{name: y, digest: 'sha256:{B}'}}, {{name: x, digest: 'sha256:{B}'}}]\n",
            f"{plain}labels: [{{pairs: {{tier: {environment}}}, includeSelectors: true}}]\n",
            f"{plain}resources: [nowhere.yaml]\n",
            "resources: [\n",
            *((None,) if name == "two" else ()),
        )
    # An overlay of an overlay: that one is checked as part of it, and by itself where this one goes.
    files[f"{app}/overlays/prod-eu/kustomization.yaml"] = (
        None, f"{K}resources: [../prod]\n", f"{K}resources: [../prod]\nnamespace: other\n",
    )  # fmt: skip
    return files


SLOTS: dict[str, Variants] = {
    **_application("one"),
    **_application("two"),
    "shared/kustomization.yaml": (f"{K}resources: [s.yaml]\n", None),
    "shared/s.yaml": (NAMESPACE.format(name="team"), "kind: Secret\napiVersion: v1\nmetadata: {name: s}\nstringData: {a: b}\n"),
    ".hidden/kustomization.yaml": (f"{K}resources: [h.yaml]\n",),
    ".hidden/h.yaml": (NAMESPACE.format(name="hidden"), NAMESPACE.format(name="team")),
    "components/c/kustomization.yaml": (
        f"{COMPONENT}images: [{{name: x, newTag: '3'}}]\n",
        f"{COMPONENT}patches: [{{path: c.yaml, target: {{kind: Deployment}}}}]\n",
    ),
    "components/c/c.yaml": (PATCH.format(name="any", wave=0, host="true"), None),
    "components/d/kustomization.yaml": (
        f"{COMPONENT}components: [../c]\n", f"{COMPONENT}replicas: [{{name: one, count: 4}}]\n", None,
    ),
    "prefix.yaml": (PREFIX.format("a"), PREFIX.format("b"), None),
    "policies/main.rego": (POLICY.format("too many"), POLICY.format("far too many"), POLICY.format("x").replace("deny", "warn")),
    "limits.yaml": ("limits: {replicas: 1}\n", "limits: {replicas: 4}\n"),
    "crds/widget.yaml": (None, CRD.format(served="true", kind="integer"), CRD.format(served="true", kind="string")),
    ".gitignore": (None, "*.txt\n", "loose/\n"),
    "linked/kustomization.yaml": (None, f"{LINK}../shared/kustomization.yaml"),
    "argocd/kustomization.yaml": (None, f"{K}resources: [apps.yaml]\nnamespace: argocd\n"),
    "argocd/apps.yaml": (
        None, SET,
        APPLICATION.format(name="one", project="default", path="apps/one/overlays/prod"),
        APPLICATION.format(name="two", project="fleet", path="apps/two/overlays/prod"),
        APPLICATION.format(name="two", project="fleet", path="apps/two/overlays/nowhere"),
    ),
    "loose/deployment.yaml": (None, *_deployments("loose")[:3]),
    "kustodian.yaml": (
        CONFIG % (2, ""), CONFIG % (4, ""), CONFIG % (4, WAIVER), CONFIG % (2, WAIVER), CONFIG % (2, REGO),
        CONFIG % (4, REGO + WAIVER), CONFIG % (4, "schemas: [crds/widget.yaml]\n"),
    ),
    "README.md": ("one", "two"),
}  # fmt: skip


#: Folders and files that get another name, also where those who name them do not follow.
MOVES = (
    ("apps/two/overlays/dev", "apps/two/overlays/qa"),
    ("apps/one/overlays/prod", "apps/one/overlays/prod-us"),
    ("apps/two", "apps/three"),
    ("shared", "common"),
    ("components/c", "components/e"),
    ("apps/one/base/deployment.yaml", "apps/one/base/server.yaml"),
    ("apps/one/base/kustomization.yaml", "apps/one/base/kustomization.yml"),
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """The files of a first commit, and a few changes: all but the last are commits, the last is not."""

    def pick(slot: str) -> str | None:
        return draw(st.sampled_from(SLOTS[slot]))

    first = {slot: text for slot in SLOTS if (text := pick(slot)) is not None}
    state: dict[str, str | None] = dict(first)
    changes = []
    for slots in draw(
        st.lists(st.lists(st.sampled_from(sorted(SLOTS)), max_size=4, unique=True), min_size=1, max_size=3)
    ):
        change = {slot: pick(slot) for slot in slots}
        if draw(st.integers(0, 2)) == 0:
            change |= _moved(state | change, *draw(st.sampled_from(MOVES)))
        changes.append(change)
        state |= change
    return first, changes


def _moved(state: dict[str, str | None], old: str, new: str) -> dict[str, str | None]:
    """The change that gives a file, or all below a folder, another name."""
    found = {
        name: text for name, text in state.items() if text and (name == old or name.startswith(f"{old}/"))
    }
    return dict.fromkeys(found) | {new + name.removeprefix(old): text for name, text in found.items()}


def _git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def _write(root: Path, files: Iterable[tuple[str, str | None]]) -> None:
    for name, text in files:
        path = root / name
        path.unlink(missing_ok=True)  # never through a link
        if text is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            if text.startswith(LINK):
                path.symlink_to(text.removeprefix(LINK))
            else:
                path.write_text(text)


def _repository(root: Path, first: dict[str, str], changes: list[dict[str, str | None]]) -> Path:
    """A repository after these changes; returns a clone of it at its first commit."""
    root.mkdir()
    _git(root, "init", "--quiet", "--initial-branch", "main")
    _write(root, first.items())
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message", "first")
    _git(root, "clone", "--quiet", ".", str(root.parent / "base"))
    _git(root, "tag", "first")
    for change in changes[:-1]:
        _write(root, change.items())
        _git(root, "add", "--all")
        _git(root, "commit", "--quiet", "--allow-empty", "--message", "next")
    _write(root, changes[-1].items())
    return root.parent / "base"


def _note(text: str) -> None:
    """Count for hypothesis's statistics, where it runs the test."""
    if currently_in_test_context():
        event(text)


def _open(report: CheckReport) -> Counter[str]:
    return Counter(
        f"{finding.rule} {finding.overlay} {finding.fingerprint}" for finding in report.open_findings
    )


def _full(root: Path, engine: Engine) -> Counter[str] | None:
    try:
        return _open(check([root], CheckOptions(), engine)[0])
    except UserError as error:
        _note(f"refused: {error.message.partition(':')[0]}")
        return None


@pytest.fixture(scope="module")
def engine() -> Iterable[Engine]:
    with Engine(engine_binary()) as engine:
        yield engine


_SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@settings(_SETTINGS, max_examples=12)
@given(histories(), st.booleans())
def test_the_difference_of_two_full_checks(engine: Engine, history: History, staged: bool) -> None:
    _holds(engine, history, staged)


@pytest.mark.slow
@settings(_SETTINGS, max_examples=int(os.environ.get("KUSTODIAN_EXAMPLES", "150")))
@given(histories(), st.booleans())
def test_the_difference_of_two_full_checks_more_often(engine: Engine, history: History, staged: bool) -> None:
    _holds(engine, history, staged)


PLAIN = {slot: texts[0] for slot, texts in SLOTS.items() if texts[0] is not None}


def test_a_waiver_in_a_file_that_only_overlays_not_rendered_still_read(engine: Engine) -> None:
    """dev used it; qa, which takes dev's place, does not get as far as the file, and the others fail to build."""
    plain = f"{K}resources: [../../base]\n"
    first = PLAIN | {"apps/two/base/deployment.yaml": _deployments("two")[2] or ""}
    for environment in ("staging", "prod"):
        first[f"apps/two/overlays/{environment}/kustomization.yaml"] = (
            f"{plain}patches: [{{path: patch.yaml}}]\n"
        )
    images = f"images: [{{name: y, digest: 'sha256:{B}'}}, {{name: x, digest: 'sha256:{B}'}}]\n"
    change = {
        "apps/two/overlays/dev/kustomization.yaml": None,
        "apps/two/overlays/qa/kustomization.yaml": plain + images,
    }
    _holds(engine, (first, [change]), staged=False)


def test_a_file_that_only_an_overlay_that_fails_to_build_seems_to_use(engine: Engine) -> None:
    """Staging names prod's patch and never reads it; once prod uses it, a finding is gone."""
    plain, overlays = f"{K}resources: [../../base]\n", "apps/two/overlays"
    first = PLAIN | {
        f"{overlays}/prod/patch.yaml": PATCH.format(name="two", wave=1, host="true"),
        f"{overlays}/staging/kustomization.yaml": f"{K}resources: [nowhere.yaml]\nnameSuffix: ../prod/patch.yaml\n",
    }
    change: dict[str, str | None] = {
        f"{overlays}/prod/kustomization.yaml": f"{plain}patches: [{{path: patch.yaml}}]\n"
    }
    fixed = _holds(engine, (first, [change]), staged=False)
    assert any(finding.startswith("unused-file ") for finding in fixed)


def test_a_file_whose_folder_breaks_while_an_overlay_elsewhere_seems_to_use_it(engine: Engine) -> None:
    """Staging reads prod's patch through a link: whether that counts is not known, and prod's folder decides."""
    plain, overlays = f"{K}resources: [../../base]\n", "apps/two/overlays"
    first = PLAIN | {
        f"{overlays}/prod/patch.yaml": PATCH.format(name="two", wave=1, host="true"),
        f"{overlays}/staging/patch.yaml": f"{LINK}../prod/patch.yaml",
        f"{overlays}/staging/kustomization.yaml": f"{plain}patches: [{{path: patch.yaml}}]\n",
    }
    change: dict[str, str | None] = {f"{overlays}/prod/kustomization.yaml": "resources: [\n"}
    _holds(engine, (first, [change]), staged=False)


def _holds(engine: Engine, history: History, staged: bool) -> Counter[str]:
    """Compare `check --base` with two full checks, one of a clone that stayed at the first commit.

    Returns the findings that are fixed.
    """
    folder = Path(tempfile.mkdtemp(prefix="kustodian-narrow-"))
    try:
        root = folder / "repository"
        base = _repository(root, *history)
        head = _index_of(root) if staged else root
        before, after = _full(base, engine), _full(head, engine)
        if before is None or after is None:
            _note("not checkable")
            return Counter()  # an environment without an overlay is a configuration error
        report, _ = check_against([root], CheckOptions(), engine, "first", staged=staged)
        assert report.comparison is not None
        _note(f"overlays left out: {report.comparison.untouched > 0}")
        _note(f"something is new or fixed: {before != after}")
        new = Counter(f"{f.rule} {f.overlay} {f.fingerprint}" for f in report.with_status(Status.NEW))
        fixed = Counter(f"{f.rule} {f.overlay} {f.fingerprint}" for f in report.comparison.fixed)
        assert (new, fixed) == (after - before, before - after)
        return fixed
    finally:
        shutil.rmtree(folder)


def _index_of(root: Path) -> Path:
    """A clone whose work tree is what is staged: half of the last change is not."""
    _git(root, "add", "--all")
    for number, path in enumerate(sorted(root.rglob("*.yaml"))):
        if number % 5 == 0 and path.is_file() and not path.is_symlink():
            path.write_text("not: [staged\n")
    clone = root.parent / "index"
    _git(root, "clone", "--quiet", "--no-checkout", ".", str(clone))
    _git(root, "checkout-index", "--all", f"--prefix={clone}/")
    shutil.copy(root / ".git" / "index", clone / ".git" / "index")
    return clone
