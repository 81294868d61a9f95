"""Versions of custom resources that are no longer served."""

from __future__ import annotations

import re
from typing import NamedTuple

from kustodian.model.manifest import Manifest
from kustodian.schemas.registry import Schemas


class RetiredVersion(NamedTuple):
    """Why a version is no longer served, and the API version to use instead."""

    message: str
    replacement: str


#: API versions that were renamed or dropped, kept here because no current definition mentions them any more:
#: the replacement, and the release that stopped serving the version ("" if it is not known).
_RETIRED: dict[str, tuple[str, str]] = {
    "external-secrets.io/v1alpha1": ("external-secrets.io/v1", ""),
    "external-secrets.io/v1beta1": ("external-secrets.io/v1", "External Secrets 0.17"),
    "certmanager.k8s.io/v1alpha1": ("cert-manager.io/v1", "cert-manager 0.11"),
    "cert-manager.io/v1alpha2": ("cert-manager.io/v1", "cert-manager 1.6"),
    "cert-manager.io/v1alpha3": ("cert-manager.io/v1", "cert-manager 1.6"),
    "cert-manager.io/v1beta1": ("cert-manager.io/v1", "cert-manager 1.6"),
    "acme.cert-manager.io/v1alpha2": ("acme.cert-manager.io/v1", "cert-manager 1.6"),
    "acme.cert-manager.io/v1alpha3": ("acme.cert-manager.io/v1", "cert-manager 1.6"),
    "acme.cert-manager.io/v1beta1": ("acme.cert-manager.io/v1", "cert-manager 1.6"),
    "keda.k8s.io/v1alpha1": ("keda.sh/v1alpha1", "KEDA 2.0"),
    "serving.kubeflow.org/v1alpha2": ("serving.kserve.io/v1beta1", "KServe 0.7"),
    "serving.kubeflow.org/v1beta1": ("serving.kserve.io/v1beta1", "KServe 0.7"),
    "traefik.containo.us/v1alpha1": ("traefik.io/v1alpha1", "Traefik 3.0"),
    "rbac.istio.io/v1alpha1": ("security.istio.io/v1 (AuthorizationPolicy)", "Istio 1.6"),
    "authentication.istio.io/v1alpha1": ("security.istio.io/v1 (PeerAuthentication)", "Istio 1.6"),
    "config.istio.io/v1alpha2": ("telemetry.istio.io/v1 and extensions.istio.io/v1alpha1", "Istio 1.8"),
    "karpenter.sh/v1alpha5": ("karpenter.sh/v1 (NodePool and NodeClaim)", ""),
    "karpenter.k8s.aws/v1alpha1": ("karpenter.k8s.aws/v1 (EC2NodeClass)", ""),
    "serving.knative.dev/v1alpha1": ("serving.knative.dev/v1", ""),
    "serving.knative.dev/v1beta1": ("serving.knative.dev/v1", ""),
}
_VERSION = re.compile(r"v([0-9]{1,18})(?:(alpha|beta)([0-9]{1,18}))?\Z")
_STAGES = {"alpha": 0, "beta": 1, None: 2}


def retired_version(manifest: Manifest, schemas: Schemas) -> RetiredVersion | None:
    """Why the object's version is no longer served; None if it is served or nothing is known about it."""
    group, _, version = manifest.api_version.rpartition("/")
    if not group or schemas.is_builtin(manifest.api_version, manifest.kind):
        return None
    custom = schemas.custom_kind(group, manifest.kind)
    if custom is not None and custom.served:
        if version in custom.served:
            return None
        newest = max(custom.served, key=_rank)
        # A version that a shipped definition does not list may also be newer than the definition.
        if (
            version in custom.versions
            or schemas.is_given(group, manifest.kind)
            or _rank(version) < _rank(newest)
        ):
            verb = "no longer serves" if version in custom.versions else "does not have"
            message = f"the definition of {manifest.kind} {verb} {manifest.api_version}"
            return RetiredVersion(message, f"{group}/{newest}")
        return None
    if manifest.api_version in _RETIRED:
        replacement, release = _RETIRED[manifest.api_version]
        status = f"has not been served since {release}" if release else "is no longer served"
        return RetiredVersion(f"{manifest.api_version} {status}", replacement)
    return None


def _rank(version: str) -> tuple[int, int, int]:
    """The sort key of a version, oldest first: v1alpha1 < v1beta1 < v1 < v2alpha1 < v2.

    Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-priority
    (but that puts every stable version above every beta; here a higher major version is always newer).
    """
    match = _VERSION.match(version)
    if match is None:
        return (0, 0, 0)
    return int(match[1]), _STAGES[match[2]], int(match[3] or 0)
