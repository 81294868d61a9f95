"""The add-ons, one folder of platform/ each: services that the servers of all environments share.

Their Secrets, the kinds that their Argo CD project allows, the definitions in schemas/.
"""

from __future__ import annotations

from kustodian_template.data import TEMPLATE_ROOT
from kustodian_template.environments import Answers, environments, scalar
from kustodian_template.modules import addons, has, kinds

#: The kind that makes an add-on's Secret. KSOPS has a project of its own, Secrets made by hand need none.
_SECRET_KINDS = {
    "external-secrets": "external-secrets.io/ExternalSecret",
    "sealed-secrets": "bitnami.com/SealedSecret",
    "csi": "secrets-store.csi.x-k8s.io/SecretProviderClass",
}


def addon_kinds(answers: Answers) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(API group, kind) of the objects that the add-ons deploy: in their namespaces, and cluster-wide."""
    names = {kind for module in addons(answers) for kind in module.kinds}
    if answers["secrets"] in _SECRET_KINDS and needed_secrets(answers).keys() - environments(answers).keys():
        names.add(_SECRET_KINDS[answers["secrets"]])
    found: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([], [])
    for name in sorted(names | {"core/LimitRange", "core/ResourceQuota", "networking.k8s.io/NetworkPolicy"}):
        scope, _, rest = name.rpartition(":")
        group, kind = rest.split("/")
        found[scope == "cluster"].append(("" if group == "core" else group, kind))
    return sorted(found[0]), sorted(found[1])


def schema_files(answers: Answers) -> list[str]:
    """The files of schemas/ (Kind.group.yaml) for the kinds that the repository deploys."""
    deployed = {*kinds(answers), *(pair for scope in addon_kinds(answers) for pair in scope)}
    folder = TEMPLATE_ROOT / "{{cookiecutter.repo_name}}" / "schemas"
    names = (path.name for path in folder.glob("*.yaml"))
    return sorted(name for name in names if _kind_of(name) in deployed)


def _kind_of(name: str) -> tuple[str, str]:
    kind, _, group = name.removesuffix(".yaml").partition(".")
    return group, kind


def needed_secrets(answers: Answers) -> dict[str, dict[str, tuple[str, ...]]]:
    """Environment or add-on -> Secret -> the keys of the Secret."""
    model = answers["model_name"]
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for name in environments(answers):
        wanted: dict[str, tuple[str, ...]] = {}
        if has(answers, answers["secrets"], name):
            wanted[f"{model}-api-keys"] = ("api-keys",)
        if has(answers, "redis", name):
            wanted[f"{model}-redis"] = ("password",)
        if wanted:
            found[name] = wanted
    if answers["logging"] == "splunk":
        found["logging"] = {"splunk": ("token",)}
    if answers["cache"] == "redis":
        found["cache"] = {"redis": ("password",)}
    if answers["model_registry"] == "mlflow":
        found["registry"] = {"registry": ("database-uri", "artifact-store", "s3-credentials")}
    elif answers["model_registry"] == "kubeflow":
        found["registry"] = {"registry": ("database-uri",)}
    return found


def batch_room(answers: Answers, name: str) -> tuple[int, str, str]:
    """The pods, CPU and memory that jobs beside the servers may use in an environment."""
    if has(answers, "pipeline-spark", name):
        return 6, "4", "6Gi"
    if any(has(answers, f"pipeline-{kind}", name) for kind in ("argo", "cronjob", "kubeflow")):
        return 4, "1500m", "3Gi"
    return 2, "500m", "1Gi"


def addon_namespace(answers: Answers, addon: str) -> str:
    """The namespace of an add-on; Velero reads its objects only in its own namespace."""
    return "velero" if addon == "velero" else f"{answers['model_name']}-{addon}"


def platform_labels(answers: Answers, addon: str) -> str:
    """The `labels:` block of an add-on's kustomization."""
    pairs = {
        "app.kubernetes.io/part-of": f"{answers['model_name']}-{addon}",
        "app.kubernetes.io/managed-by": "argocd",
        "app.kubernetes.io/version": "1",
        "environment": "platform",
        "owner": answers["team"],
    }
    lines = ["labels:", "  - includeSelectors: false", "    includeTemplates: true", "    pairs:"]
    return "\n".join(lines + [f"      {key}: {scalar(value)}" for key, value in pairs.items()])
