"""Where every value of a YAML file stands: lines and columns, through ruamel.yaml's node graph.

Only files that have findings are read here; the engine parses everything else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from kustodian.model.errors import UserError
from kustodian.model.field_path import FieldPath

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

#: Keys that identify an item of a Kubernetes list, tried in this order (patchMergeKey of the API types).
MERGE_KEYS = (
    "name",
    "mountPath",
    "containerPort",
    "port",
    "devicePath",
    "topologyKey",
    "ip",
    "key",
    "kind",
)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file, 1-based, the end exclusive in columns."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(slots=True)
class SourceNode:
    """A value with the place of its key (where it has one) and of itself.

    `children` is keyed by mapping key or list index; a scalar has none and carries its `text`.
    """

    span: Span
    key_span: Span | None = None
    children: dict[str | int, SourceNode] = field(default_factory=dict)
    text: str | None = None
    is_list: bool = False

    @property
    def place(self) -> Span:
        """From the key to the value's end where both are on one line, else the key alone.

        A list item has no key; where it is a mapping over several lines, its first entry stands for it.
        """
        start = self.key_span or self.span
        if self.span.line == start.line == self.span.end_line:
            return Span(start.line, start.column, start.line, self.span.end_column)
        if self.key_span is None and self.children:
            first = next(iter(self.children.values())).place
            if first.line == start.line:
                return first
        return Span(start.line, start.column, start.line, start.end_column)

    def at(self, path: FieldPath) -> SourceNode | None:
        """The node at exactly this path."""
        node: SourceNode | None = self
        for part in path:
            node = node.children.get(part) if node is not None else None
        return node

    def nearest(self, path: FieldPath) -> tuple[SourceNode, int]:
        """The deepest existing node along the path and how many steps of it exist."""
        node, depth = self, 0
        for part in path:
            child = node.children.get(part)
            if child is None:
                break
            node, depth = child, depth + 1
        return node, depth

    def scalar(self, *path: str | int) -> str | None:
        """The text of the scalar at a path, None where there is none."""
        node = self.at(path)
        return node.text if node is not None else None


class SourceFile:
    """One file: its text, its lines and the node tree of each document."""

    def __init__(self, text: str, shown: str) -> None:
        """`shown` is how errors name the file."""
        self.shown = shown
        self.text = text

    @classmethod
    def read(cls, path: Path, shown: str) -> SourceFile:
        """Read a file. Raises UserError where it cannot be read."""
        try:
            return cls(path.read_text(encoding="utf-8-sig"), shown)
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"cannot read the file: {error}", file=shown) from error

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return self.text.splitlines()

    @cached_property
    def documents(self) -> list[SourceNode]:
        """A tree for each non-empty document; raises UserError with the line of a YAML error."""
        return parse_documents(self.text, self.shown)


def parse_documents(text: str, shown: str) -> list[SourceNode]:
    """The node tree of each non-empty document; raises UserError at the line of a YAML error."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    loader = YAML(typ="rt", pure=True)
    try:
        nodes = list(loader.compose_all(text)) if text.strip() else []
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UserError(
            f"not valid YAML: {error.problem or error.context}",
            file=shown,
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
        ) from error
    except YAMLError as error:
        raise UserError(f"not valid YAML: {error}", file=shown) from error
    return [_convert(node, None, 0) for node in nodes if not _is_empty(node)]


class SourceMaps:
    """The source files of a repository, each read once."""

    def __init__(self, root: Path) -> None:
        """Files are named relative to `root`."""
        self.root = root
        self._files: dict[str, SourceFile | None] = {}

    def put(self, name: str, text: str) -> None:
        """Give the text of something that is no file (stdin)."""
        self._files[name] = SourceFile(text, name)

    def file(self, name: str) -> SourceFile | None:
        """The file, or None where it cannot be read or parsed."""
        if name not in self._files:
            try:
                source = SourceFile.read(self.root / name, name)
                _ = source.documents
            except UserError:
                self._files[name] = None
            else:
                self._files[name] = source
        return self._files[name]


_MAX_DEPTH = 200
_Shared: TypeAlias = dict[int, dict[str | int, SourceNode]]


def _is_empty(node: Node) -> bool:
    return node.tag == "tag:yaml.org,2002:null" and not node.value


def _convert(
    node: Node, key_span: Span | None, depth: int, shared: _Shared | None = None
) -> SourceNode:
    """A ruamel node as ours. Aliases share the children of their anchor, so they cost nothing twice."""
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    shared = {} if shared is None else shared
    span = _span(node)
    if isinstance(node, MappingNode | SequenceNode):
        is_list = isinstance(node, SequenceNode)
        children = shared.get(id(node))
        if children is None:
            children = shared[id(node)] = {}
            if depth < _MAX_DEPTH and is_list:
                for index, item in enumerate(node.value):
                    children[index] = _convert(item, None, depth + 1, shared)
            elif depth < _MAX_DEPTH:
                _fill_mapping(children, node.value, depth, shared)
        return SourceNode(span, key_span, children, is_list=is_list)
    return SourceNode(span, key_span, text=str(node.value))


def _fill_mapping(
    children: dict[str | int, SourceNode],
    pairs: list[tuple[Node, Node]],
    depth: int,
    shared: _Shared,
) -> None:
    for key, value in pairs:
        child = _convert(value, _span(key), depth + 1, shared)
        if key.value == "<<":
            for name, merged in child.children.items():
                children.setdefault(name, merged)
        else:
            children[str(key.value)] = child


def _span(node: Node) -> Span:
    start, end = node.start_mark, node.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)
