"""An object needs a Secret, or a key of one, that neither the overlay nor a controller provides.

Why: The container stays in CreateContainerConfigError, the image is not pulled, or the gateway serves no
certificate.

Fix: Add an ExternalSecret (or SealedSecret, SecretProviderClass, Certificate) that creates it, correct the
name or key, or mark the reference `optional: true`.

Wrong:
    env:
      - name: HF_TOKEN
        valueFrom: {secretKeyRef: {name: hugging-face, key: token}}  # nothing creates it

Right:
    apiVersion: external-secrets.io/v1
    kind: ExternalSecret
    metadata: {name: hugging-face}
    spec:
      secretStoreRef: {name: main, kind: ClusterSecretStore}
      data: [{secretKey: token, remoteRef: {key: ml/hugging-face, property: token}}]

Notes: Checks pods, imagePullSecrets, service accounts, the TLS settings of Ingresses and Gateways, and KEDA's
TriggerAuthentication. Secrets created by External Secrets, Sealed Secrets, cert-manager (Certificates,
annotated Ingresses and Gateways), the CSI driver's secretObjects, Vault, 1Password, Doppler, Infisical,
Crossplane and operators of the overlay count as existing.

Source: Kubernetes documentation, "Secrets", https://kubernetes.io/docs/concepts/configuration/secret/
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_references import (
    SECRETS_STORE_GROUP,
    other_secret_references,
    pod_references,
)
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse
from kustodian.policy.rules.references._missing import missing
from kustodian.policy.rules.references._producers import keys_of_secret, secret_exists


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each reference to a Secret or key that nothing provides."""
    del context
    references = chain(pod_references(objects, "Secret"), other_secret_references(objects))
    yield from missing("Secret", references, secret_exists, keys_of_secret, objects)
    for reference in pod_references(objects, "SecretProviderClass"):
        name, namespace = reference.name, reference.namespace
        if objects.find(SECRETS_STORE_GROUP, "SecretProviderClass", namespace, name) is None:
            message = f"SecretProviderClass {name} does not exist in namespace {namespace}"
            yield Violation(reference.path, message, reference.manifest, measure=Exactly(name))


RULE = SetRule(
    id="missing-secret",
    topic="references",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability",),
)
