"""The client of the engine, one Go process that renders, parses and evaluates Rego (see engine/README.md).

Requests and answers are JSON lines. The constructor starts the process and does not wait for it, so that it
starts up while Python imports other modules.
"""

from __future__ import annotations

import atexit
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeAlias

from kustodian.model.errors import EngineError, ExitCode
from kustodian.model.json_value import JsonObject
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import Evaluated, NotChecked, Overlay, RenderedOverlay
from kustodian.model.repository.path import is_utf8
from kustodian.render.answers import (
    Opened,
    evaluated,
    not_checked,
    opened,
    policy_error,
    rendered_overlay,
    request_error,
)
from kustodian.render.pending import EXIT_ABANDONED, EXIT_UNCLEAR, Pending, gave_up, reason
from kustodian.render.process import start

PROTOCOL = 5
#: How often the process may end, and for how many seconds after that, before what is left is not checked.
_RESTARTS = 8
_RESTART_SECONDS = 20
#: Seconds for an overlay that may be fetched, or that helm renders.
_SECONDS_WITH_PROGRAMS = 120


class Limits(NamedTuple):
    """Limits for one overlay."""

    max_file_bytes: int = 16 * 1024 * 1024
    max_objects: int = 20_000
    timeout_seconds: float = 20


class RegoOptions(NamedTuple):
    """Policies: files or folders relative to the root, and the Rego packages to evaluate.

    `root` is the folder that they are read from, None for the repository that is checked.
    """

    policy: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ("main",)
    data: tuple[str, ...] = ()
    root: Path | None = None

    def as_request(self) -> JsonObject:
        """The `policy` part of a request."""
        request = {"paths": list(self.policy), "data": list(self.data), "namespaces": list(self.namespaces)}
        return request if self.root is None else {**request, "root": str(self.root)}


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What rendering may do; by default it is hermetic."""

    allow_remote: bool = False
    enable_helm: bool = False
    helm_command: str = "helm"
    limits: Limits = field(default_factory=Limits)
    #: Record the values that others replaced, from now on in this engine process.
    chains: bool = False


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """One document of a YAML file, or one item of a `kind: List`."""

    index: int
    line: int
    data: Any
    item: int | None = None


@dataclass(slots=True)
class ParsedFile:
    """The documents of a YAML file, or why it does not parse; `carries` if one may carry other objects."""

    path: str
    documents: list[ParsedDocument] = field(default_factory=list)
    error: NotChecked | None = None
    sha256: str = ""
    carries: bool = False


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

    Raises EngineError if it does not start, speaks another protocol, or ends for another reason.
    """

    def __init__(self, binary: Path) -> None:
        """Start the process; its greeting is read before the first answer."""
        wait_for_ended()
        self._binary = binary
        self._running = start(binary)
        self.versions: JsonObject = {}
        self._next_id = 0
        self._restarts = 0
        self._first_end = 0.0
        self._early_scan: tuple[Path, int] | None = None
        self._unfinished: dict[int, Pending] = {}
        self._held: deque[int] = deque()  # requests to be sent when the one before them is done
        self._waiting: dict[int, deque[JsonObject]] = {}  # answers read before their request was consumed

    def __enter__(self) -> Self:
        """Return the engine."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the process without waiting for its exit; see `wait_for_ended`."""
        if kind is not None or self._unfinished:
            self._process.kill()  # it may be blocked writing answers that are not read
        self._running.close()
        _ending.append(self._process)

    @property
    def _process(self) -> subprocess.Popen[bytes]:
        return self._running.popen

    def begin_scan(self, root: Path) -> None:
        """Send the request of a later `scan`, so that the engine works on it meanwhile."""
        self._early_scan = (root, self._send({"op": "scan", "root": str(root)}))

    def scan(self, root: Path) -> Scan:
        """Find the kustomizations and YAML files of a repository."""
        kustomizations: dict[str, tuple[str, JsonObject | None, NotChecked | None]] = {}
        yaml_files: dict[str, ScannedFile] = {}
        early, self._early_scan = self._early_scan, None
        if early is not None and early[0] == root:
            answers = self._answers(early[1])
        else:
            if early is not None:
                del self._waiting[early[1]]  # its answers are dropped
            answers = self._ask({"op": "scan", "root": str(root)})
        for entry in (entry for answer in answers for entry in answer["entries"]):
            error = not_checked(entry.get("error"))
            path: str = entry["path"]
            if entry["kind"] == "kustomization":
                kustomizations[path] = (path, entry.get("document"), error)
            elif entry["kind"] == "yaml":
                yaml_files[path] = (path, entry.get("documents") or [], error)
        return Scan(
            sorted(kustomizations.values(), key=lambda entry: entry[0]),
            sorted(yaml_files.values(), key=lambda entry: entry[0]),
        )

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
        names = [name for name in files if is_utf8(name)]
        wanted: JsonObject = {"files": names, "content": content or {}, "lines": lines or {}}
        request = {"op": "parse", "root": str(root), **wanted}
        parsed = [
            ParsedFile(name, error=NotChecked("not-utf-8", "a file has a name that is not UTF-8: rename it"))
            for name in files
            if not is_utf8(name)
        ]
        parsed += [
            ParsedFile(
                answer["path"],
                [
                    ParsedDocument(d["index"], d["line"], d["object"], d.get("item"))
                    for d in answer.get("documents") or []
                ],
                not_checked(answer.get("error")),
                answer.get("sha256", ""),
                answer.get("carriers", False),
            )
            for answer in self._ask(request)
        ]
        order = {name: position for position, name in enumerate([*files, *(content or {})])}
        return sorted(parsed, key=lambda file: order.get(file.path, len(order)))

    def open(self, objects: Sequence[Manifest]) -> Opened:
        """The objects with the items of Lists instead of the Lists, and the objects inside them."""
        limit = Limits().max_objects
        (answer,) = self._ask({"op": "open", "objects": [m.data for m in objects], "maxObjects": limit})
        return opened(answer, lambda entry: objects[entry["from"]])

    def render(
        self, root: Path, overlays: Sequence[Overlay], options: RenderOptions, rego: RegoOptions | None = None
    ) -> Iterator[RenderedOverlay]:
        """Render overlays; the request is sent at once, and each overlay is yielded as soon as it is ready.

        Raises UserError if the Rego policies do not load or compile.
        """
        by_path = {overlay.path: overlay for overlay in overlays}
        limits = options.limits
        seconds = limits.timeout_seconds
        if options.allow_remote or options.enable_helm:
            seconds = max(seconds, _SECONDS_WITH_PROGRAMS)
        request: JsonObject = {
            "op": "render",
            "root": str(root),
            "overlays": list(by_path),
            "limits": {
                "maxFileBytes": limits.max_file_bytes,
                "maxObjects": limits.max_objects,
                "timeoutSeconds": seconds,
            },
            "allowRemote": options.allow_remote,
            "enableHelm": options.enable_helm,
            "helmCommand": options.helm_command,
            "chains": options.chains,
            "policy": rego.as_request() if rego else None,
        }
        return (rendered_overlay(by_path, answer) for answer in self._ask(request))

    def evaluate(
        self, root: Path, rego: RegoOptions, inputs: Sequence[tuple[str, Sequence[JsonObject]]]
    ) -> dict[str, Evaluated]:
        """Evaluate Rego policies on objects, by input name.

        Raises UserError if the policies do not load or compile.
        """
        request: JsonObject = {
            "op": "policy",
            "root": str(root),
            "policy": rego.as_request(),
            "limits": {"timeoutSeconds": Limits().timeout_seconds},
            "inputs": [{"name": name, "objects": list(objects)} for name, objects in inputs],
        }
        return {answer["name"]: evaluated(answer) for answer in self._ask(request, policy_error)}

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
        self._next_id += 1
        own = self._next_id
        self._waiting[own] = deque()
        self._unfinished[own] = Pending(request)
        self._write(own)
        return own

    def _write(self, own: int) -> None:
        import orjson

        assert self._process.stdin is not None
        try:
            request = orjson.dumps({**self._unfinished[own].rest(), "id": own}) + b"\n"
        except TypeError as error:  # a lone surrogate
            raise EngineError("a path is not UTF-8", hint="rename the folder of the repository") from error
        try:
            self._process.stdin.write(request)
            self._process.stdin.flush()
        except BrokenPipeError:
            self._restart()

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
        if answer is None:
            return None
        own = answer.get("id", 0)
        if own in self._unfinished:
            self._unfinished[own].note(answer)
            if answer.get("done"):
                self._finished(own)
        if own == request:
            return answer
        if own in self._waiting:
            self._waiting[own].append(answer)
        return None

    def _finished(self, own: int) -> None:
        del self._unfinished[own]
        while self._held:
            following = self._held.popleft()
            if following in self._unfinished:
                self._write(following)
                break

    def _greet(self) -> None:
        greeting = self._read()
        if greeting is None:
            raise self._died(*self._running.ended())
        if greeting.get("protocol") != PROTOCOL:
            raise EngineError(
                f"the engine speaks protocol {greeting.get('protocol')}, this version needs {PROTOCOL}",
                hint="install kustodian again, so that both parts have the same version",
                exit_code=ExitCode.NOT_CHECKED,
            )
        self.versions = greeting

    def _read(self) -> JsonObject | None:
        """Read one answer; None if the process ended and another one goes on."""
        import orjson

        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            if not self.versions:
                raise self._died(*self._running.ended())
            self._restart()
            return None
        try:
            answer: JsonObject = orjson.loads(line)
        except ValueError as error:
            if "Not enough memory" in str(error):
                raise MemoryError from error
            raise EngineError(
                f"the repository was not checked: an answer of the rendering engine is not JSON: {error}",
                exit_code=ExitCode.NOT_CHECKED,
            ) from error
        return answer

    def _restart(self) -> None:
        """Start another process for what the last one left, if it ended because of an overlay."""
        code, log = self._running.ended()
        for abandoned in self._unfinished.keys() - self._waiting.keys():
            del self._unfinished[abandoned]
        divisible = [own for own, pending in self._unfinished.items() if pending.is_divisible]
        if not divisible:
            raise self._died(code, log)
        self._restarts += 1
        self._first_end = self._first_end or time.monotonic()
        first = self._unfinished[divisible[0]]
        if self._restarts > _RESTARTS or time.monotonic() - self._first_end > _RESTART_SECONDS:
            for own in divisible:
                self._waiting[own].extend(self._unfinished[own].fail(gave_up(self._restarts)))
        elif code != EXIT_ABANDONED and (answer := first.blame(reason(code, log))) is not None:
            self._waiting[divisible[0]].append(answer)
        if code in (EXIT_ABANDONED, EXIT_UNCLEAR):
            for own in divisible:
                self._unfinished[own].shorten()
        self._running.close()
        self._running, self.versions = start(self._binary), {}
        self._greet()
        # After a crash the requests run one after another, so that it is clear which one ends the process.
        self._held = deque() if code == EXIT_ABANDONED else deque(divisible[1:])
        for own in [own for own in self._unfinished if own not in self._held]:
            self._write(own)

    def _died(self, code: int, log: str) -> EngineError:
        why = reason(code, log)
        return EngineError(
            f"the repository was not checked: {why.message}",
            hint=why.detail and f"please report this:\n{why.detail}",
            exit_code=ExitCode.NOT_CHECKED,
        )
