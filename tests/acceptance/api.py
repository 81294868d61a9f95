"""A client of a Kubernetes API server: JSON in, JSON out, every status returned rather than raised."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

#: Argo CD's field manager is another one, so that what the tests write by hand is seen as such.
FIELD_MANAGER = "kustodian-test"


@dataclass
class Answer:
    """What the API server answered: status, the parsed body, warnings, and the body as it came."""

    status: int
    body: dict[str, Any]
    warnings: list[str] = field(default_factory=list)
    text: str = ""

    @property
    def ok(self) -> bool:
        """Whether it did what it was asked."""
        return 200 <= self.status < 300

    @property
    def message(self) -> str:
        """The message of a Status."""
        return str(self.body.get("message", ""))


class Api:
    """Requests to one API server with one token. The server's certificate is not looked at: it is on loopback."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        self._resources: dict[tuple[str, str], dict[str, Any]] = {}
        # Tests ask thousands of times: each thread keeps its connection.
        self._kept = threading.local()
        self._connections: list[http.client.HTTPSConnection] = []

    def get(self, path: str) -> Answer:
        """GET a path of the API."""
        return self.request("GET", path)

    def read(self, api_version: str, kind: str, name: str, namespace: str = "") -> dict[str, Any] | None:
        """The object; None where there is none, or nobody serves its kind."""
        data = {
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace},
        }
        if not self.knows(data):
            return None
        answer = self.get(self.path_of(data))
        if answer.status == 404:
            return None
        assert answer.ok, answer.message
        return answer.body

    def items(
        self, api_version: str, kind: str, namespace: str = "", selector: str = ""
    ) -> list[dict[str, Any]]:
        """The objects of a kind in a namespace, or in all."""
        path = self._collection(api_version, kind, namespace)
        if path is None:
            return []
        answer = self.get(f"{path}?labelSelector={urllib.parse.quote(selector)}")
        assert answer.ok, answer.message
        found: list[dict[str, Any]] = answer.body["items"]
        return [{"apiVersion": api_version, "kind": kind, **item} for item in found]

    def now(self, api_version: str, kind: str) -> str:
        """The point in time, as a resourceVersion, for `changes`."""
        answer = self.get(f"{self._collection(api_version, kind, '')}?limit=1")
        assert answer.ok, answer.message
        return str(answer.body["metadata"]["resourceVersion"])

    def changes(self, api_version: str, kind: str, since: str) -> list[dict[str, Any]]:
        """The objects of a kind after every single change since a point in time, oldest first."""
        path = self._collection(api_version, kind, "")
        query = f"watch=1&resourceVersion={since}&timeoutSeconds=1"
        answer = self.get(f"{path}?{query}")
        assert answer.ok, answer.message
        events = [json.loads(line) for line in answer.text.splitlines()]
        assert all(event["type"] != "ERROR" for event in events), events[-1]
        return [event["object"] for event in events]

    def create(
        self, data: dict[str, Any], namespace: str = "default", *, dry_run: bool = False, strict: bool = True
    ) -> Answer:
        """Create an object; `namespace` is for one that names none, `strict` refuses unknown fields."""
        query = {"fieldValidation": "Strict" if strict else "Ignore"} | ({"dryRun": "All"} if dry_run else {})
        return self.request("POST", f"{self._path(data, namespace)}?{urllib.parse.urlencode(query)}", data)

    def apply(self, data: dict[str, Any], namespace: str = "default", *, dry_run: bool = False) -> Answer:
        """Server-side apply with strict field validation."""
        query = {"fieldManager": FIELD_MANAGER, "force": "true", "fieldValidation": "Strict"}
        query |= {"dryRun": "All"} if dry_run else {}
        path = f"{self.path_of(data, namespace)}?{urllib.parse.urlencode(query)}"
        return self.request("PATCH", path, data, "application/apply-patch+yaml")

    def merge(
        self, data: dict[str, Any], change: dict[str, Any], namespace: str = "default", part: str = ""
    ) -> Answer:
        """Merge a change into an object, or into a part of it such as status."""
        path = self.path_of(data, namespace) + (f"/{part}" if part else "")
        return self.request(
            "PATCH", f"{path}?fieldManager={FIELD_MANAGER}", change, "application/merge-patch+json"
        )

    def delete(self, data: dict[str, Any], namespace: str = "default") -> Answer:
        """Ask for the object's deletion; finalizers may keep it for a while."""
        return self.request("DELETE", self.path_of(data, namespace))

    def knows(self, data: dict[str, Any]) -> bool:
        """Whether the API server serves the object's kind."""
        return self._resource(data) is not None

    def is_namespaced(self, data: dict[str, Any]) -> bool:
        """Whether objects of the kind live in a namespace."""
        resource = self._resource(data)
        return bool(resource and resource["namespaced"])

    def path_of(self, data: dict[str, Any], namespace: str = "default") -> str:
        """The path of an object that exists or could exist."""
        return f"{self._path(data, namespace)}/{data['metadata']['name']}"

    def _path(self, data: dict[str, Any], namespace: str) -> str:
        resource = self._resource(data)
        assert resource is not None, f"the API server does not serve {data['apiVersion']} {data['kind']}"
        base = _base(data["apiVersion"])
        if resource["namespaced"]:
            return f"{base}/namespaces/{data['metadata'].get('namespace') or namespace}/{resource['name']}"
        return f"{base}/{resource['name']}"

    def _collection(self, api_version: str, kind: str, namespace: str) -> str | None:
        resource = self._resource({"apiVersion": api_version, "kind": kind})
        if resource is None:
            return None
        return f"{_base(api_version)}{f'/namespaces/{namespace}' if namespace else ''}/{resource['name']}"

    def _resource(self, data: dict[str, Any]) -> dict[str, Any] | None:
        version, kind = data["apiVersion"], data["kind"]
        if (version, kind) not in self._resources:
            for resource in self.get(_base(version)).body.get("resources", []):
                if "/" not in resource["name"]:
                    self._resources[version, resource["kind"]] = resource
        return self._resources.get((version, kind))

    def request(self, method: str, path: str, data: Any = None, media: str = "application/json") -> Answer:
        """Any request; `path` starts with a slash. Raises OSError where nobody answers."""
        content = None if data is None else json.dumps(data).encode()
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": media,
            "Accept": "application/json",
        }
        connection = self._connection()
        is_fresh = connection.sock is None
        try:
            return _send(connection, method, path, content, headers)
        except (ConnectionError, ssl.SSLEOFError):
            # The server had closed the kept connection; a fresh one shows whether it is there.
            connection.close()
            if is_fresh:
                raise
            return _send(connection, method, path, content, headers)
        except http.client.HTTPException as error:
            # What is left of this answer is not the next one's.
            connection.close()
            raise ConnectionError(f"{method} {path}: {error!r}") from error
        except OSError:
            connection.close()
            raise

    def disconnect(self) -> None:
        """Close the connections of all threads."""
        for connection in self._connections:
            connection.close()

    def _connection(self) -> http.client.HTTPSConnection:
        if not hasattr(self._kept, "connection"):
            address = urllib.parse.urlsplit(self.url).netloc
            self._kept.connection = http.client.HTTPSConnection(address, context=self._context, timeout=60)
            self._connections.append(self._kept.connection)
        connection: http.client.HTTPSConnection = self._kept.connection
        return connection


def _send(
    connection: http.client.HTTPSConnection,
    method: str,
    path: str,
    content: bytes | None,
    headers: dict[str, str],
) -> Answer:
    connection.request(method, path, content, headers)
    answer = connection.getresponse()
    return _answer(answer.status, answer.read(), answer.headers)


def _base(api_version: str) -> str:
    return ("/apis/" if "/" in api_version else "/api/") + api_version


def _answer(status: int, content: bytes, headers: Any) -> Answer:
    text = content.decode("utf-8", "replace")
    try:
        body = json.loads(text)
    except ValueError:
        body = {"message": text}
    return Answer(status, body if isinstance(body, dict) else {}, headers.get_all("Warning") or [], text)
