"""The engine: one Go process that renders, parses and evaluates Rego (see engine/README.md).

It speaks JSON lines. The process starts at once and is talked to later, so its start-up runs beside
Python's own imports.
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
    """Bounds on one overlay: bytes of a file, objects, seconds."""

    max_file_bytes: int = 16 * 1024 * 1024
    max_objects: int = 20_000
    timeout_seconds: float = 120


class RegoOptions(NamedTuple):
    """Policies for conftest: files or folders relative to the root, and the namespaces to evaluate."""

    policy: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ("main",)
    data: tuple[str, ...] = ()

    def as_request(self) -> JsonObject:
        """The `policy` part of a request."""
        return {"paths": list(self.policy), "data": list(self.data), "namespaces": list(self.namespaces)}


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What rendering may do; hermetic unless asked otherwise."""

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
    """A YAML file as the engine reads it, or why it cannot."""

    path: str
    documents: list[ParsedDocument] = field(default_factory=list)
    error: NotChecked | None = None
    sha256: str = ""


#: A file's path, what names each of its objects, and why it does not parse.
ScannedFile: TypeAlias = tuple[str, list[JsonObject], NotChecked | None]


@dataclass(slots=True)
class Scan:
    """What lies in a repository: kustomizations and YAML files, parsed as far as names."""

    kustomizations: list[tuple[str, JsonObject | None, NotChecked | None]] = field(default_factory=list)
    yaml_files: list[ScannedFile] = field(default_factory=list)


#: Processes that have nothing left to do.
_ending: list[subprocess.Popen[bytes]] = []


@atexit.register
def wait_for_ended() -> None:
    """Wait for the engines that were ended; one that rendered much takes hundredths of a second."""
    while _ending:
        _ending.pop().wait()


class Engine:
    """A running engine; use as a context manager. Raises EngineError where it dies or speaks nonsense."""

    def __init__(self, binary: Path) -> None:
        """Start the process; its greeting is read with the first answer."""
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
                hint="reinstall kustodian; the engine is built with it",
                exit_code=ExitCode.NOT_CHECKED,
            ) from error
        _widen(self._process.stdout)
        self.versions: JsonObject = {}
        self._next_id = 0
        self._early_scan: tuple[Path, int] | None = None
        self._unfinished: set[int] = set()
        self._waiting: dict[int, deque[JsonObject]] = {}  # answers that were read while another was wanted

    def __enter__(self) -> Self:
        """The engine itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process: it gives its memory back while this side goes on, see `wait_for_ended`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if kind is not None or self._unfinished:
            self._process.kill()  # it may be waiting for somebody to read
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        _ending.append(self._process)

    def begin_scan(self, root: Path) -> None:
        """Have the engine walk a repository while this side does something else; `scan` takes the answers."""
        self._early_scan = (root, self._send({"op": "scan", "root": str(root)}))

    def scan(self, root: Path) -> Scan:
        """Walk a repository."""
        found = Scan()
        early, self._early_scan = self._early_scan, None
        if early is not None and early[0] == root:
            answers = self._answers(early[1])
        else:
            if early is not None:
                del self._waiting[early[1]]  # what it says is passed over
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
        """Read YAML files (relative to `root`) and given texts, as Kubernetes reads YAML.

        Of the files that `lines` names, only the documents that those lines lie in.
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
        """Render overlays, each given as soon as it is ready; the engine begins at once.

        Raises UserError where the Rego policies do not load or compile: nothing was checked by them.
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
        """Run Rego policies over given objects: results and count of successes, by input name."""
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
        """Run the `_test.rego` files as `conftest verify` does: name, namespace, status, message of each."""
        request = {"op": "verify", "root": str(root), "policy": rego.as_request()}
        return list(self._ask(request, policy_error))

    def _ask(self, request: JsonObject, to_error: Any = None) -> Iterator[JsonObject]:
        """The answers to a request, as they come.

        Another request may be asked in the middle: each reader keeps what it reads for the others.
        """
        return self._answers(self._send(request), to_error)

    def _send(self, request: JsonObject) -> int:
        """Send a request; its number, by which its answers are asked for."""
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
            del self._waiting[own]  # what nobody wants any more is passed over

    def _read_for(self, request: int) -> JsonObject | None:
        """The next answer if it is to this request, else it is kept for the one that asked."""
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
                hint="reinstall kustodian so that both parts are of one version",
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
            f"the rendering engine ended unexpectedly (exit {code}); nothing can be said of the repository",
            hint="its last words are above; please report them",
            exit_code=ExitCode.NOT_CHECKED,
        )


def _widen(pipe: IO[bytes] | None) -> None:
    """Let the engine go on while this side is busy: a pipe holds 64 KiB, and on Linux up to 1 MiB."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        assert pipe is not None
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
