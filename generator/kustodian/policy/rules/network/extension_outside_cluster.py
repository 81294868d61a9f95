"""Webhook or APIService sends the API server's requests out of the cluster.

Why: Whoever runs the other end sees every object that is admitted or converted, Secrets included, and decides
what the API server stores.

Fix: Run the webhook as a Service of the cluster and name it in `clientConfig.service`.

Wrong:
    webhooks:
      - clientConfig:
          url: https://hooks.example.com/mutate

Right:
    webhooks:
      - clientConfig:
          service: {name: hooks, namespace: hooks, path: /mutate}
          caBundle: LS0t...

Notes: Concerns ValidatingWebhookConfiguration, MutatingWebhookConfiguration, the conversion webhook of a
CustomResourceDefinition, and an APIService or webhook whose Service is an ExternalName of the same overlay.
Names that end in `.svc` or `.cluster.local`, and the API server's own host (`localhost`), stay inside. An
empty `caBundle` is not reported: cert-manager, OpenShift and many operators fill it in.

Source: Kubernetes documentation, "Dynamic Admission Control",
https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#contacting-the-webhook
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.model.json_value import FieldPath, JsonObject, dig, mapping, mappings, text
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse

_ADMISSION = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
_INSIDE = (".svc", ".cluster.local")
_OWN = ("localhost", "127.0.0.1", "::1")


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each client configuration that leads out of the cluster."""
    del context
    for manifest in objects.of("admissionregistration.k8s.io", *_ADMISSION):
        for index, webhook in mappings(manifest.data.get("webhooks")):
            path: FieldPath = ("webhooks", index, "clientConfig")
            yield from _leaving(manifest, path, mapping(webhook.get("clientConfig")), objects)
    for manifest in objects.of("apiextensions.k8s.io", "CustomResourceDefinition"):
        for path in (("conversion", "webhook", "clientConfig"), ("conversion", "webhookClientConfig")):
            yield from _leaving(manifest, ("spec", *path), mapping(dig(manifest.spec, path)), objects)
    for manifest in objects.of("apiregistration.k8s.io", "APIService"):
        yield from _leaving(manifest, ("spec",), {"service": manifest.spec.get("service")}, objects)


def _leaving(
    manifest: Manifest, path: FieldPath, client: JsonObject, objects: ObjectSet
) -> Iterator[Violation]:
    url = text(client.get("url"))
    if url and not _is_inside(url):
        message = (
            f"{manifest.kind} {manifest.name} sends requests to {_host(url) or url}, outside the cluster"
        )
        yield Violation((*path, "url"), message, manifest)
    service = mapping(client.get("service"))
    name, namespace = text(service.get("name")), text(service.get("namespace"))
    target = objects.find("", "Service", namespace or "default", name) if name else None
    if target is not None and target.spec.get("type") == "ExternalName":
        outside = text(target.spec.get("externalName"))
        if not _is_inside(f"https://{outside}"):
            message = f"{manifest.kind} {manifest.name} sends requests to {outside}, outside the cluster"
            yield Violation((*path, "service", "name"), f"{message}, through Service {name}", manifest)


def _is_inside(url: str) -> bool:
    host = _host(url)
    return host in _OWN or host.endswith(_INSIDE)


def _host(url: str) -> str:
    """The host that a URL names, without a final dot; empty if it names none."""
    try:
        return (urlsplit(url.strip()).hostname or "").rstrip(".")
    except ValueError:
        return ""


RULE = SetRule(
    id="extension-outside-cluster",
    topic="network",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=("security",),
)
