"""Short ways to write the manifests of the table."""

from __future__ import annotations

from typing import Any

Manifest = dict[str, Any]
DIGEST = "@sha256:" + "a" * 64
IMAGE = f"registry.example.com/team/app{DIGEST}"


def container(name: str = "c", **fields: Any) -> Manifest:
    """A container with an approved and pinned image."""
    return {"name": name, "image": IMAGE, **fields}


def pod(*containers: Manifest, **spec: Any) -> list[Manifest]:
    """A Pod; without containers it has one that is called `c`."""
    return [_object("v1", "Pod", spec={"containers": list(containers or [container()]), **spec})]


def with_context(**fields: Any) -> list[Manifest]:
    """A Pod whose container has this securityContext."""
    return pod(container(securityContext=fields))


def capabilities(*add: str, drop: tuple[str, ...] = ()) -> list[Manifest]:
    """A Pod whose container adds and drops capabilities."""
    return with_context(capabilities={"add": list(add), "drop": list(drop)})


def deployment(*containers: Manifest, replicas: int = 3, **spec: Any) -> list[Manifest]:
    """A Deployment; `spec` is that of its pods."""
    labels = {"app": "x"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": list(containers), **spec}}
    return [
        _object(
            "apps/v1",
            "Deployment",
            spec={"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
        )
    ]


def role(*rules: Manifest) -> list[Manifest]:
    """A Role."""
    return [_object("rbac.authorization.k8s.io/v1", "Role", rules=list(rules))]


def rule(groups: str, resources: str, verbs: str, names: str = "") -> Manifest:
    """A rule of a Role; each argument is a list of words, `core` the core group."""
    groups_ = ["" if group == "core" else group for group in groups.split()]
    found: Manifest = {"apiGroups": groups_, "resources": resources.split(), "verbs": verbs.split()}
    return found | ({"resourceNames": names.split()} if names else {})


def binding(kind: str, name: str, *subjects: Manifest, of: str = "ClusterRole") -> list[Manifest]:
    """A RoleBinding or ClusterRoleBinding of a role."""
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": of, "name": name}
    return [_object("rbac.authorization.k8s.io/v1", kind, roleRef=reference, subjects=list(subjects))]


def subject(kind: str, name: str, namespace: str = "") -> Manifest:
    """A subject of a binding."""
    place = {"namespace": namespace} if namespace else {"apiGroup": "rbac.authorization.k8s.io"}
    return {"kind": kind, "name": name, **place}


def service(*ports: int, **spec: Any) -> list[Manifest]:
    """A Service without a selector."""
    return [_object("v1", "Service", spec={"ports": [{"name": f"p{p}", "port": p} for p in ports], **spec})]


def policy(*rules: Manifest, select: Manifest | None = None) -> list[Manifest]:
    """A NetworkPolicy with ingress rules."""
    spec = {"podSelector": select or {}, "policyTypes": ["Ingress"], "ingress": list(rules)}
    return [_object("networking.k8s.io/v1", "NetworkPolicy", spec=spec)]


def everyone(*ports: int) -> Manifest:
    """A rule of a NetworkPolicy that lets every address in."""
    rule: Manifest = {"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}
    return rule | ({"ports": [{"port": port} for port in ports]} if ports else {})


def config_map(annotations: Manifest | None = None, **data: str) -> list[Manifest]:
    """A ConfigMap; double underscores in keys are dots."""
    named = {key.replace("__", "."): value for key, value in data.items()}
    found = _object("v1", "ConfigMap", data=named)
    found["metadata"] |= {"annotations": annotations} if annotations else {}
    return [found]


def secret(**data: str) -> list[Manifest]:
    """A Secret in plain text."""
    return [_object("v1", "Secret", stringData=data)]


def ingress(*hosts: str) -> list[Manifest]:
    """An Ingress without TLS."""
    backend = {"service": {"name": "x", "port": {"number": 80}}}
    paths = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    return [
        _object(
            "networking.k8s.io/v1",
            "Ingress",
            spec={"rules": [{"http": paths} | ({"host": h} if h else {}) for h in hosts]},
        )
    ]


def namespace(**labels: str) -> list[Manifest]:
    """A Namespace with Pod Security labels."""
    found = _object("v1", "Namespace")
    found["metadata"] = {
        "name": "x",
        "labels": {f"pod-security.kubernetes.io/{k}": v for k, v in labels.items()},
    }
    return [found]


def resources(**amounts: str) -> list[Manifest]:
    """A Pod whose container has amounts of memory: `requests` and `limits`."""
    return pod(container(resources={side: {"memory": amount} for side, amount in amounts.items()}))


def environment(**values: str) -> list[Manifest]:
    """A Pod whose container has environment variables."""
    return pod(container(env=[{"name": name, "value": value} for name, value in values.items()]))


def _object(api_version: str, kind: str, **fields: Any) -> Manifest:
    metadata: Manifest = {"name": "x"}
    if kind not in ("Namespace", "ClusterRoleBinding"):
        metadata["namespace"] = "x"
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
