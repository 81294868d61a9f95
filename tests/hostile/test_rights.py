"""Rights and reach that a pull request gives away: each is new, and makes the comparison red."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.harness import kustodian, write
from tests.cli.test_base import KUSTOMIZATION, commit, git

RBAC = "apiVersion: rbac.authorization.k8s.io/v1\n"
ONE = "overlays/one/"
REPOSITORY = "https://git.example.com/ml/iris.git"
APPLICATION = (
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: iris, namespace: argocd}}\n"
    "spec:\n  project: iris\n  destination: {{server: https://kubernetes.default.svc, namespace: iris}}\n  {sources}\n"
)
PROJECT = (
    "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {{name: iris, namespace: argocd}}\n"
    "spec: {{sourceRepos: [{repos}], destinations: [{{server: https://kubernetes.default.svc, namespace: iris}}]}}\n"
)


def binding(kind: str, role: str, subject: str) -> str:
    """A binding of a ClusterRole to one group or user."""
    what = "User" if subject == "system:anonymous" else "Group"
    return (
        f"{RBAC}kind: {kind}\nmetadata: {{name: b, namespace: x}}\n"
        f"roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: '{role}'}}\n"
        f"subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: {what}, name: '{subject}'}}]\n"
    )


def webhook(kind: str, client: str) -> str:
    return (
        f"apiVersion: admissionregistration.k8s.io/v1\nkind: {kind}\nmetadata: {{name: hooks}}\n"
        "webhooks:\n  - name: a.example.com\n    sideEffects: None\n    admissionReviewVersions: [v1]\n"
        f"    clientConfig: {client}\n"
    )


EXTERNAL = (
    "---\napiVersion: v1\nkind: Service\nmetadata: {name: hooks, namespace: x}\n"
    "spec: {type: ExternalName, externalName: hooks.example.com}\n"
)
OBJECTS = {
    **{
        f"{kind} of {role} to {subject}": ("powerful-role-for-everyone", binding(kind, role, subject))
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for role, subject in (
            ("admin", "system:serviceaccounts"),
            ("edit", "system:serviceaccounts:dev"),
            ("edit", "system:authenticated"),
            ("cluster-admin", "system:unauthenticated"),
            ("system:controller:job-controller", "system:anonymous"),
        )
    },
    "role that adds up every role": (
        "wildcard-role",
        f"{RBAC}kind: ClusterRole\nmetadata: {{name: all}}\nrules: []\n"
        "aggregationRule: {clusterRoleSelectors: [{matchLabels: {a: b}}, {matchLabels: {}}]}\n",
    ),
    **{
        f"policy that opens every address in parts: {blocks}": (
            "allow-all-network-policy",
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: x}\n"
            f"spec: {{podSelector: {{}}, policyTypes: [Egress], egress: [{{to: [{peers}]}}]}}\n",
        )
        for blocks in (("0.0.0.0/1", "128.0.0.0/1"), ("8000::/1", "10.0.0.0/8", "::/1"))
        for peers in (", ".join(f"{{ipBlock: {{cidr: '{block}'}}}}" for block in blocks),)
    },
    "load balancer for every address in parts": (
        "exposed-service-type",
        "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: x}\nspec: {type: LoadBalancer, "
        "selector: {a: b}, ports: [{port: 80}], loadBalancerSourceRanges: [0.0.0.0/1, 128.0.0.0/1]}\n",
    ),
    "validating webhook": (
        "extension-outside-cluster",
        webhook("ValidatingWebhookConfiguration", "{url: 'https://hooks.example.com/a'}"),
    ),
    "mutating webhook by address": (
        "extension-outside-cluster",
        webhook("MutatingWebhookConfiguration", "{url: 'https://203.0.113.7:8443/a'}"),
    ),
    "webhook of a name that only looks like one of the cluster": (
        "extension-outside-cluster",
        webhook("MutatingWebhookConfiguration", "{url: 'https://hooks.x.svc@hooks.example.com/a'}"),
    ),
    "webhook through an ExternalName": (
        "extension-outside-cluster",
        webhook("MutatingWebhookConfiguration", "{service: {name: hooks, namespace: x}}") + EXTERNAL,
    ),
    "APIService that skips TLS": (
        "insecure-api-service",
        "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1.example.com}\n"
        "spec: {group: example.com, version: v1, insecureSkipTLSVerify: true, groupPriorityMinimum: 1, "
        "versionPriority: 1, service: {name: a, namespace: x}}\n",
    ),
    "APIService through an ExternalName": (
        "extension-outside-cluster",
        "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1.example.com}\n"
        "spec: {group: example.com, version: v1, groupPriorityMinimum: 1, versionPriority: 1, "
        f"service: {{name: hooks, namespace: x}}}}\n{EXTERNAL}",
    ),
    "PersistentVolume of the node": (
        "host-path-persistent-volume",
        "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: root}\n"
        "spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /}}\n",
    ),
}
SOURCES = {
    "another repository": f"source: {{repoURL: https://git.example.org/x.git, path: {ONE.rstrip('/')}}}",
    "one of several": f"sources: [{{repoURL: '{REPOSITORY}', path: overlays/one}}, "
    "{repoURL: 'https://git.example.org/x.git', path: overlays/one}]",
    "a name that begins like it": f"source: {{repoURL: '{REPOSITORY}.example.org/x', path: overlays/one}}",
    "a chart": "source: {repoURL: 'https://charts.example.org', chart: x, targetRevision: 1.0.0}",
    "a dry source": "sourceHydrator: {drySource: {repoURL: 'https://git.example.org/x.git', path: overlays/one, "
    "targetRevision: v1}, syncSource: {targetBranch: b, path: overlays/one}}",
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = write(tmp_path / "repository", {
        "kustodian.yaml": "environments: {prod: {paths: ['overlays/*']}}\n",
        f"{ONE}kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml]\n",
        f"{ONE}a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: x}\ndata: {a: b}\n",
        "argocd/project.yaml": PROJECT.format(repos=f"'{REPOSITORY}'"),
        "argocd/application.yaml": APPLICATION.format(
            sources=f"source: {{repoURL: '{REPOSITORY}', path: overlays/one}}"
        ),
    })  # fmt: skip
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, "clean")
    git(root, "switch", "--quiet", "--create", "change")
    return root


def assert_red(root: Path, rule: str, files: dict[str, str]) -> None:
    """The change is a finding of the rule, in the comparison and in the full check; before it there is none."""
    assert kustodian("check", "--no-cache", "--rule", rule, cwd=root).code == 0
    write(root, files)
    commit(root, "change")
    for arguments in (("--base", "main"), ()):
        outcome = kustodian("check", "--no-cache", "--format", "json", "--rule", rule, *arguments, cwd=root)
        assert outcome.code in (1, 3), outcome.out + outcome.err  # a patch of an Application is not looked at
        assert outcome.found(rule)


@pytest.mark.parametrize("name", OBJECTS)
def test_object_that_gives_rights_or_reach_away(root: Path, name: str) -> None:
    rule, text = OBJECTS[name]
    assert_red(root, rule, {f"{ONE}a.yaml": text})


@pytest.mark.parametrize("name", SOURCES)
def test_application_of_a_repository_that_its_project_does_not_list(root: Path, name: str) -> None:
    application = APPLICATION.format(sources=SOURCES[name])
    assert_red(root, "application-foreign-repository", {"argocd/application.yaml": application})


def test_application_of_a_repository_that_the_configuration_does_not_list(root: Path) -> None:
    """The AppProject of the change cannot widen what the configuration says."""
    config = "rules: {application-foreign-repository: {allowed: ['https://git.example.com/ml/*']}}\n"
    (root / "kustodian.yaml").write_text((root / "kustodian.yaml").read_text() + config)
    commit(root, "configured")
    git(root, "branch", "--force", "main")
    application = APPLICATION.format(sources=SOURCES["another repository"])
    assert_red(root, "application-foreign-repository", {
        "argocd/application.yaml": application, "argocd/project.yaml": PROJECT.format(repos="'*'"),
    })  # fmt: skip


@pytest.mark.parametrize("patch", [
    'spec: {source: {repoURL: "https://git.example.org/x.git"}}',
    'spec: {source: {"repoURL": "https://git.example.org/{{env}}.git"}}',
])  # fmt: skip
def test_template_patch_of_another_repository(root: Path, patch: str) -> None:
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: iris, namespace: argocd}\n"
        "spec:\n  generators: [{list: {elements: [{env: one}]}}]\n"
        f"  templatePatch: '{patch}'\n"
        "  template:\n    metadata: {name: 'iris-{{env}}'}\n    spec:\n      project: iris\n"
        f"      source: {{repoURL: '{REPOSITORY}', path: 'overlays/{{{{env}}}}'}}\n"
        "      destination: {server: https://kubernetes.default.svc, namespace: iris}\n"
    )
    assert_red(root, "application-foreign-repository", {"argocd/application.yaml": text})
