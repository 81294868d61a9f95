"""The client of the engine, one Go process that renders, parses and evaluates Rego (see engine/README.md).

Requests and answers are JSON lines. The constructor starts the process and does not wait for it, so that it
starts up while Python imports other modules.
"""

from __future__ import annotations

import atexit
import contextlib
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, Self, TypeAlias

from kustodian.model.errors import EngineError, ExitCode
from kustodian.model.json_value import JsonObject
from kustodian.model.overlay import NotChecked, Overlay, PolicyResult, RenderedOverlay
from kustodian.render.answers import (
    not_checked,
    policy_error,
    policy_results,
    rendered_overlay,
    request_error,
)

PROTOCOL = 4
_PIPE_BYTES = 1 << 20


class Limits(NamedTuple):
    """Limits for one overlay."""

    max_file_bytes: int = 16 * 1024 * 1024
    max_objects: int = 20_000
    timeout_seconds: float = 120


class RegoOptions(NamedTuple):
    """Policies: files or folders relative to the root, and the Rego packages to evaluate."""

    policy: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ("main",)
    data: tuple[str, ...] = ()

    def as_request(self) -> JsonObject:
        """The `policy` part of a request."""
        return {"paths": list(self.policy), "data": list(self.data), "namespaces": list(self.namespaces)}


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What rendering may do; by default it is hermetic."""

    allow_remote: bool = False
    enable_helm: bool = False
    helm_command: str = "helm"
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """One document of a YAML file, or one item of a `kind: List`."""

    index: int
    line: int
    data: Any
    item: int | None = None


@dataclass(slots=True)
class ParsedFile:
    """The documents of a YAML file, or why it does not parse."""

    path: str
    documents: list[ParsedDocument] = field(default_factory=list)
    error: NotChecked | None = None
    sha256: str = ""


#: A file's path, the identity of each of its objects, and the error if it does not parse.
ScannedFile: TypeAlias = tuple[str, list[JsonObject], NotChecked | None]


@dataclass(slots=True)
class Scan:
    """The kustomizations of a repository, and its YAML files with the identities of their objects."""

    kustomizations: list[tuple[str, JsonObject | None, NotChecked | None]] = field(default_factory=list)
    yaml_files: list[ScannedFile] = field(default_factory=list)


#: Engines that were closed and may not have exited yet.
_ending: list[subprocess.Popen[bytes]] = []


@atexit.register
def wait_for_ended() -> None:
    """Wait until every closed engine has exited."""
    while _ending:
        _ending.pop().wait()


class Engine:
    """A running engine; use as a context manager.

    Raises EngineError if it does not start, dies, or speaks another protocol.
    """

    def __init__(self, binary: Path) -> None:
        """Start the process; its greeting is read before the first answer."""
        import os

        wait_for_ended()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("KUSTOMIZE_")}
        try:
            self._process = subprocess.Popen(
                [str(binary)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
            )
        except OSError as error:
            raise EngineError(
                f"the rendering engine does not start: {error}",
                hint="install kustodian again; the engine is part of it",
                exit_code=ExitCode.NOT_CHECKED,
            ) from error
        _widen(self._process.stdout)
        self.versions: JsonObject = {}
        self._next_id = 0
        self._early_scan: tuple[Path, int] | None = None
        self._unfinished: set[int] = set()
        self._waiting: dict[int, deque[JsonObject]] = {}  # answers read before their request was consumed

    def __enter__(self) -> Self:
        """Return the engine."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the process without waiting for its exit; see `wait_for_ended`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if kind is not None or self._unfinished:
            self._process.kill()  # it may be blocked writing answers that are not read
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        _ending.append(self._process)

    def begin_scan(self, root: Path) -> None:
        """Send the request of a later `scan`, so that the engine works on it meanwhile."""
        self._early_scan = (root, self._send({"op": "scan", "root": str(root)}))

    def scan(self, root: Path) -> Scan:
        """Find the kustomizations and YAML files of a repository."""
        found = Scan()
        early, self._early_scan = self._early_scan, None
        if early is not None and early[0] == root:
            answers = self._answers(early[1])
        else:
            if early is not None:
                del self._waiting[early[1]]  # its answers are dropped
            answers = self._ask({"op": "scan", "root": str(root)})
        for entry in (entry for answer in answers for entry in answer["entries"]):
            error = not_checked(entry.get("error"))
            if entry["kind"] == "kustomization":
                found.kustomizations.append((entry["path"], entry.get("document"), error))
            elif entry["kind"] == "yaml":
                found.yaml_files.append((entry["path"], entry.get("documents") or [], error))
        found.kustomizations.sort(key=lambda entry: entry[0])
        found.yaml_files.sort(key=lambda entry: entry[0])
        return found

    def parse(
        self,
        root: Path,
        files: Sequence[str],
        content: dict[str, str] | None = None,
        lines: Mapping[str, Sequence[int]] | None = None,
    ) -> list[ParsedFile]:
        """Parse YAML files (relative to `root`) and the texts in `content`, as Kubernetes does.

        Of a file in `lines`, only the documents that contain those lines are parsed.
        """
        request = {
            "op": "parse", "root": str(root), "files": list(files), "content": content or {},
            "lines": lines or {},
        }  # fmt: skip
        parsed = [
            ParsedFile(
                answer["path"],
                [
                    ParsedDocument(d["index"], d["line"], d["object"], d.get("item"))
                    for d in answer.get("documents") or []
                ],
                not_checked(answer.get("error")),
                answer.get("sha256", ""),
            )
            for answer in self._ask(request)
        ]
        order = {name: position for position, name in enumerate([*files, *(content or {})])}
        return sorted(parsed, key=lambda file: order.get(file.path, len(order)))

    def render(
        self, root: Path, overlays: Sequence[Overlay], options: RenderOptions, rego: RegoOptions | None = None
    ) -> Iterator[RenderedOverlay]:
        """Render overlays; the request is sent at once, and each overlay is yielded as soon as it is ready.

        Raises UserError if the Rego policies do not load or compile.
        """
        by_path = {overlay.path: overlay for overlay in overlays}
        limits = options.limits
        request: JsonObject = {
            "op": "render",
            "root": str(root),
            "overlays": list(by_path),
            "limits": {
                "maxFileBytes": limits.max_file_bytes,
                "maxObjects": limits.max_objects,
                "timeoutSeconds": limits.timeout_seconds,
            },
            "allowRemote": options.allow_remote,
            "enableHelm": options.enable_helm,
            "helmCommand": options.helm_command,
            "policy": rego.as_request() if rego else None,
        }
        return (rendered_overlay(by_path, answer) for answer in self._ask(request))

    def evaluate(
        self, root: Path, rego: RegoOptions, inputs: Sequence[tuple[str, Sequence[JsonObject]]]
    ) -> dict[str, tuple[tuple[PolicyResult, ...], int]]:
        """Evaluate Rego policies on objects: results and number of successes, by input name."""
        request = {
            "op": "policy",
            "root": str(root),
            "policy": rego.as_request(),
            "inputs": [{"name": name, "objects": list(objects)} for name, objects in inputs],
        }
        results = {}
        for answer in self._ask(request, policy_error):
            if answer.get("error"):
                raise policy_error(answer["error"])
            results[answer["name"]] = policy_results(answer.get("policy"))
        return results

    def verify(self, root: Path, rego: RegoOptions) -> list[JsonObject]:
        """Run `_test.rego` files like `conftest verify`: name, namespace, status and message of each test."""
        request = {"op": "verify", "root": str(root), "policy": rego.as_request()}
        return list(self._ask(request, policy_error))

    def _ask(self, request: JsonObject, to_error: Any = None) -> Iterator[JsonObject]:
        """Send a request and yield its answers.

        Requests may overlap: an answer to another request is kept for that one.
        """
        return self._answers(self._send(request), to_error)

    def _send(self, request: JsonObject) -> int:
        """Send a request and return its id."""
        import orjson

        assert self._process.stdin is not None
        self._next_id += 1
        own = self._next_id
        self._waiting[own] = deque()
        self._unfinished.add(own)
        try:
            self._process.stdin.write(orjson.dumps({**request, "id": own}) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None
        return own

    def _answers(self, own: int, to_error: Any = None) -> Iterator[JsonObject]:
        waiting = self._waiting[own]
        if not self.versions:
            self._greet()
        try:
            while True:
                answer = waiting.popleft() if waiting else self._read_for(own)
                if answer is None:
                    continue
                if answer.get("done"):
                    if answer.get("error"):
                        raise (to_error or request_error)(answer["error"])
                    return
                yield answer
        finally:
            del self._waiting[own]  # answers that come later are dropped

    def _read_for(self, request: int) -> JsonObject | None:
        """Read one answer: returned if it is for this request, else kept for its own request."""
        answer = self._read()
        if answer.get("id") == request:
            return answer
        if answer.get("id") in self._waiting:
            self._waiting[answer["id"]].append(answer)
        return None

    def _greet(self) -> None:
        greeting = self._read()
        if greeting.get("protocol") != PROTOCOL:
            raise EngineError(
                f"the engine speaks protocol {greeting.get('protocol')}, this version needs {PROTOCOL}",
                hint="install kustodian again, so that both parts have the same version",
                exit_code=ExitCode.NOT_CHECKED,
            )
        self.versions = greeting

    def _read(self) -> JsonObject:
        import orjson

        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._died()
        answer: JsonObject = orjson.loads(line)
        if answer.get("done"):
            self._unfinished.discard(answer.get("id", 0))
        return answer

    def _died(self) -> EngineError:
        code = self._process.wait()
        return EngineError(
            f"the rendering engine exited unexpectedly (exit {code}); the repository was not checked",
            hint="please report its output above",
            exit_code=ExitCode.NOT_CHECKED,
        )


def _widen(pipe: IO[bytes] | None) -> None:
    """Enlarge the buffer of a pipe (Linux only), so that the engine is blocked less often."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        assert pipe is not None
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
