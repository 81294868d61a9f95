"""Server-side dry runs against a cluster, with the user's own kubeconfig. Nothing is ever changed.

The official client reads the kubeconfig (certificates, tokens, exec plugins, proxies). It is the optional
dependency `kustodian[cluster]` and is imported only here.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from kustodian.model.errors import ExitCode, UserError
from kustodian.model.json_value import JsonObject

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

#: Seconds for one request; an admission webhook alone may take ten.
TIMEOUT = 30
_FIELD_MANAGER = "kustodian-check"
_HOOK = "argocd.argoproj.io/hook"


@dataclass(frozen=True, slots=True)
class Answer:
    """The API server's answer to a dry run: HTTP status, body and warnings."""

    status: int
    body: JsonObject
    warnings: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the request would succeed."""
        return 200 <= self.status < 300

    @property
    def message(self) -> str:
        """Why the request would fail."""
        return str(self.body.get("message") or f"the API server answered with status {self.status}")


@dataclass(frozen=True, slots=True)
class _Resource:
    name: str
    namespaced: bool


class Cluster:
    """A connection to an API server; use as a context manager.

    Raises UserError if the client is not installed, the context does not exist or the server does not answer.
    """

    def __init__(self, context: str) -> None:
        """`context` names a context of the kubeconfig; empty for the current one."""
        self._context = context
        self._client = _client(context)
        self._resources: dict[str, dict[str, _Resource]] = {}

    def __enter__(self) -> Self:
        """Check that the server answers."""
        answer = self._request("GET", "/version")
        if not answer.accepted:
            raise _unreachable(self._context, answer.message)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._client.close()  # type: ignore[no-untyped-call]

    def serves(self, data: JsonObject) -> bool:
        """Whether the API server serves the object's kind in its version."""
        return self._resource(data) is not None

    def has_namespace(self, name: str) -> bool:
        """Whether a namespace exists; one that the user may not read counts as existing."""
        return self._request("GET", f"/api/v1/namespaces/{name}").status != 404

    def is_namespaced(self, data: JsonObject) -> bool:
        """Whether objects of this kind are namespaced."""
        resource = self._resource(data)
        return resource is not None and resource.namespaced

    def dry_run(self, data: JsonObject, namespace: str) -> Answer:
        """The answer to a server-side apply with strict field validation, in `namespace` if it is namespaced.

        An Argo CD hook, or an object with a generated name, is created instead: it never changes an existing
        object.
        """
        resource = self._resource(data)
        if resource is None:
            return Answer(404, {"message": f"the cluster does not serve {data['apiVersion']} {data['kind']}"})
        path = _base(data)
        if resource.namespaced:
            path += f"/namespaces/{namespace}"
        path += f"/{resource.name}"
        metadata = data.get("metadata") or {}
        query = {"dryRun": "All", "fieldValidation": "Strict", "fieldManager": _FIELD_MANAGER}
        if _HOOK in (metadata.get("annotations") or {}) or "name" not in metadata:
            prefix = str(metadata.get("name") or metadata.get("generateName", "")).rstrip("-")
            unnamed = {key: value for key, value in metadata.items() if key != "name"}
            fresh = {**data, "metadata": {**unnamed, "generateName": f"{prefix[:57]}-"}}
            return self._request("POST", path, query, fresh)
        query["force"] = "true"
        return self._request(
            "PATCH", f"{path}/{metadata['name']}", query, data, "application/apply-patch+yaml"
        )

    def _resource(self, data: JsonObject) -> _Resource | None:
        version = str(data["apiVersion"])
        if version not in self._resources:
            answer = self._request("GET", _base(data))
            if not answer.accepted and answer.status != 404:
                raise _unreachable(self._context, answer.message)
            self._resources[version] = {
                str(item["kind"]): _Resource(str(item["name"]), bool(item["namespaced"]))
                for item in answer.body.get("resources", [])
                if "/" not in item["name"]
            }
        return self._resources[version].get(str(data["kind"]))

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: JsonObject | None = None,
        media: str = "application/json",
    ) -> Answer:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        client = self._client
        try:
            request = client.param_serialize(
                method, path, query_params=list((query or {}).items()), auth_settings=["BearerToken"],
                header_params={"Accept": "application/json", "Content-Type": media},
                # The client encodes the body only for application/json.
                body=body if body is None or media == "application/json" else json.dumps(body),
            )  # fmt: skip
            response = client.call_api(*request, _request_timeout=TIMEOUT)
            if response.status == 401:
                raise _unreachable(self._context, "it does not accept the credentials (401)")
            content: bytes = response.read()  # type: ignore[no-untyped-call]
            return _answer(response.status, content, response.headers)
        except ApiException as error:
            raise _unreachable(self._context, _last_line(error)) from error
        except (HTTPError, OSError) as error:
            raise _unreachable(self._context, _last_line(error)) from error


def _client(context: str) -> ApiClient:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the client's own dependencies warn of each other
            from kubernetes import config
    except ImportError as error:
        raise UserError(
            "--against-cluster needs the Kubernetes client",
            hint='pip install "kustodian[cluster]"',
        ) from error
    from kubernetes.config.config_exception import ConfigException
    from yaml import YAMLError

    try:
        client: ApiClient = config.new_client_from_config(  # type: ignore[no-untyped-call]
            context=context or None
        )
    except (ConfigException, YAMLError, OSError) as error:
        named = f"context {context!r}" if context else "current context"
        raise UserError(
            f"the kubeconfig has no usable {named}: {_last_line(error)}",
            file=_kubeconfig(),
            hint="`kubectl config get-contexts` lists the contexts; KUBECONFIG names another file",
        ) from error
    client.configuration.retries = False
    return client


def _kubeconfig() -> str:
    import os

    return os.environ.get("KUBECONFIG") or str(Path("~/.kube/config"))


def _unreachable(context: str, why: str) -> UserError:
    named = f"context {context!r}" if context else "the current context"
    return UserError(
        f"the cluster of {named} cannot be queried: {why}",
        hint="try `kubectl version` with the same kubeconfig, or run without --against-cluster",
        exit_code=ExitCode.NOT_CHECKED,
    )


def _last_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[-1]


def _base(data: JsonObject) -> str:
    version = str(data["apiVersion"])
    return ("/apis/" if "/" in version else "/api/") + version


def _answer(status: int, content: bytes | str | None, headers: Mapping[str, str]) -> Answer:
    try:
        body = json.loads(content or b"{}")
    except ValueError:
        body = {"message": str(content)}
    return Answer(
        status, body if isinstance(body, dict) else {}, tuple(warning_texts(headers.get("Warning") or ""))
    )


def warning_texts(header: str) -> list[str]:
    """The texts of a Warning header (RFC 9110): `299 - "text", 299 - "text"`."""
    decoder = json.JSONDecoder()
    found: list[str] = []
    position = header.find('"')
    while position >= 0:
        try:
            text, position = decoder.raw_decode(header, position)
        except ValueError:
            return [*found, header[position:]]
        found.append(str(text))
        position = header.find('"', position)
    return found
