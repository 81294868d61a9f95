"""Waivers of a change: those in its configuration, and those in comments that the base knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from kustodian.model.errors import UserError
from kustodian.model.json_value import FieldPath
from kustodian.policy.config import Config, WaiverConfig
from kustodian.policy.waivers import COMMENT, Waiver, comment_waivers
from kustodian.repository.source_map import MERGE_KEYS, SourceMaps, SourceNode
from kustodian.review.gate.change import GateChange


def waiver_changes(base: Config, head: Config) -> Iterator[GateChange]:
    """What differs in the waivers of the configuration."""
    for index, waiver in enumerate(head.waivers):
        if waiver in base.waivers:
            continue
        until = waiver.expires.isoformat()
        subject = f"{waiver.rule}/{waiver.object}/{until}/{','.join(waiver.environments)}"
        path: FieldPath = ("waivers", index)
        if any(_covers(known, waiver) for known in base.waivers):
            message = f"the waiver of {waiver.rule} for {waiver.object} is narrowed or reworded"
            yield GateChange("waiver", message, path, tightens=True, subject=subject)
            continue
        is_wider = any(known.rule == waiver.rule for known in base.waivers)
        verb = "widened" if is_wider else "added"
        message = (
            f"a waiver of {waiver.rule} for {waiver.object} until {until} is {verb}; it does not count yet"
        )
        yield GateChange("waiver", message, path, subject=subject)


def _covers(known: WaiverConfig, waiver: WaiverConfig) -> bool:
    """Whether a waiver of the base covers all that another one does."""
    return (
        known.rule == waiver.rule
        and known.object in (waiver.object, "*")
        and waiver.expires <= known.expires
        and (
            not known.environments
            or (bool(waiver.environments) and set(waiver.environments) <= set(known.environments))
        )
    )


class KnownComments:
    """The waiver comments of the base, to tell which comments of a change it had for the same fields."""

    def __init__(
        self,
        maps: SourceMaps,
        changed: Callable[[str], bool],
        base_root: Path,
        lay_out: Callable[[str], None],
    ) -> None:
        """`lay_out` writes a file of the base below `base_root`; what has not `changed` is the same."""
        self._maps, self._changed, self._lay_out = maps, changed, lay_out
        self._base = SourceMaps(base_root)
        self._known = cache(self._read_base)
        self._places = cache(lambda file: _Places(self._maps, file))

    def lines(self, waiver: Waiver) -> frozenset[int] | None:
        """The lines that a comment of the change covers; None for all that it is about, empty for none."""
        file = waiver.location.file
        if not self._changed(file):
            return None
        line = waiver.location.line
        places = self._places(file)
        about = [number for number in (line, line + 1) if places.at(number)]
        covered = frozenset[str]().union(
            *(
                known
                for other, known in self._known(file)
                if (other.rule, other.reason, other.owner) == (waiver.rule, waiver.reason, waiver.owner)
                and waiver.expires <= other.expires
            )
        )
        lines = frozenset(number for number in about if places.at(number) <= covered)
        return lines if about and about[0] in lines else frozenset()

    def _read_base(self, file: str) -> list[tuple[Waiver, frozenset[str]]]:
        """The waiver comments of a file at the base, with the fields that each covers."""
        self._lay_out(file)
        text = self._base.text(file)
        if text is None:
            return []
        try:
            waivers = comment_waivers(file, text.splitlines())
        except UserError:
            return []
        places = _Places(self._base, file)
        return [
            (waiver, places.at(waiver.location.line) | places.at(waiver.location.line + 1))
            for waiver in waivers
        ]


class _Places:
    """What is on each line of a YAML file, named so that it is the same wherever the line moves."""

    def __init__(self, maps: SourceMaps, file: str) -> None:
        """Read the file."""
        self._lines = (maps.text(file) or "").splitlines()
        self._fields: dict[int, set[str]] = {}
        source = maps.file(file)
        for index, document in enumerate(source.documents if source is not None else ()):
            kind, name = document.scalar("kind"), document.scalar("metadata", "name")
            space = document.scalar("metadata", "namespace") or ""
            self._add(document, f"{kind}/{space}/{name}" if name else f"{kind}/{index}")

    def at(self, line: int) -> frozenset[str]:
        """The fields on a line; empty for a line without any, such as a comment."""
        if not 1 <= line <= len(self._lines) or not _code(self._lines[line - 1]):
            return frozenset()
        return frozenset(self._fields.get(line, ()))

    def _add(self, root: SourceNode, name: str) -> None:
        """Add every value of a document; one that is used again through an alias is added once."""
        seen: set[int] = set()
        todo = [(root, name)]
        while todo:
            node, path = todo.pop()
            if node.identity in seen:
                continue
            seen.add(node.identity)
            span = node.span
            self._put((node.key_span or span).line, path)
            if node.text is None:
                todo += [(child, f"{path}/{_step(key, child)}") for key, child in node.children.items()]
                continue
            end = span.end_line + (span.end_column > 1)
            for line in range(span.line + 1, min(end, len(self._lines) + 1)):  # a patch, for example
                self._put(line, f"{path}: {self._within(line)}")

    def _put(self, line: int, name: str) -> None:
        self._fields.setdefault(line, set()).add(name)

    def _within(self, line: int) -> str:
        """A line of a text, with the less indented lines above it."""
        text = _code(self._lines[line - 1])
        chain, depth = [text.strip()], len(text) - len(text.lstrip())
        for above in map(_code, reversed(self._lines[max(0, line - 400) : line - 1])):
            indent = len(above) - len(above.lstrip())
            if above.strip() and indent < depth:
                chain.append(above.strip())
                depth = indent
        return " < ".join(chain)


def _step(key: str | int, child: SourceNode) -> str:
    """A step of a path: an item of a list by its name or value, where it has one."""
    if not isinstance(key, int):
        return key
    if child.text is not None:
        return f"[{child.text}]"
    return next((f"[{word}={name}]" for word in MERGE_KEYS if (name := child.scalar(word))), f"[{key}]")


def _code(line: str) -> str:
    """A line without its waiver comment; empty for any other comment."""
    code = COMMENT.sub("", line).rstrip()
    return "" if code.lstrip().startswith("#") else code
