"""Lines and columns of the values in a YAML file, from PyYAML's node graph.

Findings are located with these positions and files are edited at them (`repository/edit.py`). The engine
parses everything else. Parsing goes through libyaml, because files with custom resources can be megabytes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from kustodian.model.errors import UserError
from kustodian.model.json_value import FieldPath
from kustodian.repository.files import Reader, read_regular
from kustodian.repository.lines import Lines

if TYPE_CHECKING:
    from yaml.nodes import Node

#: Keys that identify an item of a Kubernetes list, tried in this order (patchMergeKey of the API types).
MERGE_KEYS = ("name", "mountPath", "containerPort", "port", "devicePath", "topologyKey", "ip", "key", "kind")


class Span(NamedTuple):
    """A range in a file; lines and columns are 1-based, `end_column` is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class SourceNode:
    """A value of a YAML document, with its position and that of its key.

    `text` is the text of a scalar, None for a mapping or list. `is_flow` says that a mapping or list is
    written in brackets.
    """

    def __init__(self, node: Node, key: Node | None = None, line_offset: int = 0) -> None:
        """Wrap a node of PyYAML's graph; `line_offset` is the number of lines before its document."""
        from yaml.nodes import ScalarNode, SequenceNode

        self._node, self._key = node, key
        self._offset = line_offset
        self.is_list = isinstance(node, SequenceNode)
        self.is_flow = bool(getattr(node, "flow_style", False)) and not isinstance(node, ScalarNode)
        self.text = str(node.value) if isinstance(node, ScalarNode) else None

    @property
    def identity(self) -> int:
        """The same for all aliases of a value."""
        return id(self._node)

    @property
    def span(self) -> Span:
        """The position of the value."""
        return _span(self._node, self._offset)

    @property
    def key_span(self) -> Span | None:
        """The position of its key; None for a list item or a document."""
        return _span(self._key, self._offset) if self._key is not None else None

    @cached_property
    def children(self) -> dict[str | int, SourceNode]:
        """The values of a mapping by key, or of a list by index; keys merged with `<<` come last."""
        if self.is_list:
            return {i: SourceNode(item, None, self._offset) for i, item in enumerate(self._node.value)}
        if self.text is not None:
            return {}
        found: dict[str | int, SourceNode] = {}
        merged: list[SourceNode] = []
        for key, value in self._node.value:
            child = SourceNode(value, key, self._offset)
            if key.value == "<<":
                merged += child.children.values() if child.is_list else (child,)
            else:
                found[str(key.value)] = child
        for source in merged:
            for name, child in source.children.items():
                found.setdefault(name, child)
        return found

    @cached_property
    def place(self) -> Span:
        """The range to show for the value: key and value if both are on one line, else the key.

        For a list item that is a mapping over several lines, it is the range of the first entry.
        """
        span, key_span = self.span, self.key_span
        start = key_span or span
        if span.line == start.line == span.end_line:
            return Span(start.line, start.column, start.line, span.end_column)
        if key_span is None and self.children:
            first = next(iter(self.children.values())).place
            if first.line == start.line:
                return first
        # A text over several lines ends on another one: its first character is shown.
        end_column = start.end_column if start.line == start.end_line else start.column + 1
        return Span(start.line, start.column, start.line, end_column)

    def at(self, path: FieldPath) -> SourceNode | None:
        """The node at a path, None if a step does not exist."""
        node: SourceNode | None = self
        for part in path:
            node = node.children.get(part) if node is not None else None
        return node

    def starting_at(self, line: int, column: int) -> SourceNode | None:
        """The value inside this one (or itself) that starts at a position, None if none does."""
        node, wanted = self, (line, column)
        while node.span[:2] != wanted:
            index = bisect_right(node._starts, wanted, key=itemgetter(0)) - 1
            if index < 0:
                return None
            node = node._starts[index][1]
            if node.key_span is not None and node.span[:2] < node.key_span[:2]:
                break  # an alias: its value is written before
        return node

    @cached_property
    def _starts(self) -> list[tuple[tuple[int, int], SourceNode]]:
        """The entries by where they start, in the order of the file."""
        starts = [((child.key_span or child.span)[:2], child) for child in self.children.values()]
        return sorted(starts, key=itemgetter(0))

    def nearest(self, path: FieldPath) -> tuple[SourceNode, int]:
        """The deepest existing node on a path, and how many steps lead to it."""
        node, depth = self, 0
        for part in path:
            child = node.children.get(part)
            if child is None:
                break
            node, depth = child, depth + 1
        return node, depth

    def scalar(self, *path: str | int) -> str | None:
        """The text of the scalar at a path, None if there is no scalar."""
        node = self.at(path)
        return node.text if node is not None else None

    def entries(self, *path: str | int) -> tuple[SourceNode, ...]:
        """The values of the mapping or list at a path; empty if it does not exist or is a scalar."""
        node = self.at(path)
        return tuple(node.children.values()) if node is not None else ()

    def items_by(self, key: str) -> dict[str | None, list[SourceNode]]:
        """The items of a list that have a key, by the text of its value: None if that is not a scalar."""
        if key not in self._items_by:
            found: dict[str | None, list[SourceNode]] = {}
            for item in self.children.values():
                if key in item.children:
                    found.setdefault(item.children[key].text, []).append(item)
            self._items_by[key] = found
        return self._items_by[key]

    @cached_property
    def first_by_text(self) -> dict[str | None, SourceNode]:
        """The first item of a list with each text."""
        return {item.text: item for item in reversed(self.entries())}

    @cached_property
    def first_by_keys(self) -> dict[frozenset[str | int], SourceNode]:
        """The first item of a list with each set of keys."""
        return {frozenset(item.children): item for item in reversed(self.entries())}

    @cached_property
    def _items_by(self) -> dict[str, dict[str | None, list[SourceNode]]]:
        return {}

    @property
    def is_null(self) -> bool:
        """Whether it is written as null, or as a key without a value."""
        return self.text in ("", "~", "null")


class Documents(Sequence[SourceNode]):
    """The non-empty documents of a text, each parsed on first access.

    A document that PyYAML cannot parse raises UserError. With `tolerant` it becomes an empty node at its
    first line, since the engine accepts more than PyYAML.
    """

    def __init__(self, text: str, shown: str, tolerant: bool = False) -> None:
        """Split the text at its document markers; `shown` names the file in errors."""
        self._text = text
        self._shown = shown
        self._tolerant = tolerant
        self._chunks = list(split_documents(text))
        self._parsed: dict[int, SourceNode] = {}

    def __len__(self) -> int:
        """The number of non-empty documents."""
        return len(self._chunks)

    @overload
    def __getitem__(self, index: int) -> SourceNode: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SourceNode]: ...
    def __getitem__(self, index: int | slice) -> SourceNode | Sequence[SourceNode]:
        """The root node of a document, or of several."""
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        if index not in self._parsed:
            line, begin, end = self._chunks[index]
            self._parsed[index] = _parse(self._text[begin:end], self._shown, line, self._tolerant)
        return self._parsed[index]

    def starting_at(self, line: int, column: int = 0) -> SourceNode | None:
        """The value that starts at a line (and column), None if none does.

        Without a column, it is the root of the document that contains the line.
        """
        for index in range(len(self._chunks) - 1, -1, -1):
            if self._chunks[index][0] < line:
                root = self[index]
                return root.starting_at(line, column) if column else root
        return None

    def with_kind(self, kind: str) -> list[SourceNode]:
        """The documents that may contain objects of a kind; the others are not parsed."""
        # Starting the pattern with plain text lets the regex engine skip quickly over large schemas.
        says = re.compile(rf"""kind["']?\s*:[^\n]*\b{re.escape(kind)}\b""")
        return [
            self[index]
            for index, (_, begin, end) in enumerate(self._chunks)
            if self._text.find(kind, begin, end) >= 0 and says.search(self._text, begin, end)
        ]


class SourceFile:
    """A YAML file: its text, its lines and the node tree of each document."""

    def __init__(self, text: str, shown: str, tolerant: bool = False) -> None:
        """`shown` names the file in errors; see `Documents` for `tolerant`."""
        self.shown = shown
        self.text = text
        self.documents = Documents(text, shown, tolerant)

    @classmethod
    def of(cls, content: bytes, shown: str, tolerant: bool = False) -> SourceFile:
        """The file with this content. Raises UserError if it is not UTF-8."""
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UserError(f"cannot read the file: {error}", file=shown) from error
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return cls(text, shown, tolerant)

    @classmethod
    def read(cls, path: Path, shown: str) -> SourceFile:
        """Read a regular file that the command line names. Raises UserError if it cannot be read."""
        try:
            return cls.of(read_regular(path), shown)
        except OSError as error:
            raise UserError(f"cannot read the file: {error}", file=shown) from error

    @cached_property
    def lines(self) -> Lines:
        """The lines without their line breaks."""
        return Lines(self.text)


class SourceMaps:
    """The YAML files of a repository, each read at most once."""

    def __init__(
        self, root: Path, beside: SourceMaps | None = None, differs: Callable[[str], bool] = lambda _: True
    ) -> None:
        """File names are relative to `root`; files that do not differ from `beside` are taken from there."""
        self.root = root
        self._reader = Reader(root)
        self._beside, self._differs = beside, differs
        self._files: dict[str, SourceFile | None] = {}

    def put(self, name: str, text: str) -> None:
        """Add a text that is not in a file, such as standard input."""
        self._files[name] = SourceFile(text, name, tolerant=True)

    def file(self, name: str) -> SourceFile | None:
        """The file, None if it cannot be read."""
        if self._beside is not None and not self._differs(name):
            return self._beside.file(name)
        if name not in self._files:
            try:
                self._files[name] = SourceFile.of(self._reader.read(name), name, tolerant=True)
            except (OSError, UserError):
                self._files[name] = None
        return self._files[name]

    def documents(self, name: str) -> Sequence[SourceNode]:
        """The documents of a file, each parsed on first access; empty if the file cannot be read."""
        file = self.file(name)
        return file.documents if file is not None else ()

    def document(self, name: str, index: int = 0) -> SourceNode | None:
        """A document of a file, by default the first; None if the file cannot be read or has no such one."""
        documents = self.documents(name)
        return documents[index] if index < len(documents) else None

    def text(self, name: str) -> str | None:
        """The text of a file, None if it cannot be read; it is not stored."""
        if self._beside is not None and not self._differs(name):
            return self._beside.text(name)
        if (known := self._files.get(name)) is not None:
            return known.text
        try:
            return self._reader.text(name)
        except (OSError, UnicodeDecodeError):
            return None


def parse_documents(text: str, shown: str) -> list[SourceNode]:
    """The root node of each non-empty document. Raises UserError at the line of a YAML error."""
    return list(Documents(text, shown))


def split_documents(text: str) -> Iterator[tuple[int, int, int]]:
    """For each document with more than comments: the number of lines before it, and its range in the text.

    Documents are those of the engine (`manifest.Split`): only a line feed ends a line, and every line that
    starts with `---` or `...` is a marker, because the content of a block scalar is always indented (YAML
    1.2, 9.1.2). Lines are counted as in `str.splitlines`.
    """
    has_other_breaks = any(mark in text for mark in _OTHER_BREAKS)
    cuts = [0, *(marker.start() for marker in _MARKER.finditer(text)), len(text)]
    line = 0
    for begin, end in pairwise(cuts):
        if text.startswith("...", begin) and _MARKER.match(text, begin):
            start = text.find("\n", begin, end) + 1 or end  # the rest of the marker's line is no content
        else:
            start = begin
        if _CONTENT.search(text, start, end):
            yield line + (start > begin), start, end
        line += len(text[begin:end].splitlines()) if has_other_breaks else text.count("\n", begin, end)


#: Line breaks of `str.splitlines` other than a line feed.
_OTHER_BREAKS = "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_MARKER = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
#: A line with more than a marker and a comment or directive.
_CONTENT = re.compile(r"^(?:---(?=[ \t\r\n]|\Z))?+(?!%)[ \t\r]*+[^# \t\r\n]", re.MULTILINE)


def _parse(text: str, shown: str, offset: int, tolerant: bool) -> SourceNode:
    import yaml

    try:
        node = _compose(text)
    except yaml.YAMLError as error:
        if tolerant:
            return SourceNode(_bare_node(), None, offset)
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "context", None) or error
        raise UserError(
            f"not valid YAML: {problem}",
            file=shown,
            line=mark.line + 1 + offset if mark else None,
            column=mark.column + 1 if mark else None,
        ) from error
    return SourceNode(node if node is not None else _bare_node(), None, offset)


def _compose(text: str) -> Node | None:
    reader = _reader()(text)
    try:
        node: Node | None = reader.get_single_node()
    finally:
        reader.dispose()
    return node


@cache
def _reader() -> Callable[[str], Any]:
    """PyYAML's fastest parser; without tags, which nothing reads and which take half of the time."""
    try:
        from yaml._yaml import CParser
    except ImportError:  # PyYAML without libyaml
        from yaml import SafeLoader

        return SafeLoader

    class Reader(CParser):
        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)

        def resolve(self, *_: object) -> str:
            return ""

        def descend_resolver(self, *_: object) -> None:
            pass

        def ascend_resolver(self) -> None:
            pass

    return Reader


def _bare_node() -> Node:
    import yaml

    mark = yaml.Mark("", 0, 0, 0, None, 0)
    return yaml.ScalarNode("tag:yaml.org,2002:null", "", mark, mark)


def _span(node: Node, offset: int) -> Span:
    start, end = node.start_mark, node.end_mark
    return Span(start.line + 1 + offset, start.column + 1, end.line + 1 + offset, end.column + 1)
