"""Rewrite deprecated fields of a kustomization as their successors, keeping comments and order.

The result is that of `kustomize edit fix` (kustomize v5.8, api/types/fix.go). `vars` and
`helmChartInflationGenerator` are left to a person because no field of the same form succeeds them.
"""

from __future__ import annotations

from kustodian.model.json_value import FieldPath
from kustodian.repository.edit import CannotEdit, document_of, last_line, line_end, position, remove, rename
from kustodian.repository.source_map import SourceNode

#: Deprecated field -> its successor, and whether its entries go before the existing entries there:
#: kustomize applies patchesStrategicMerge before patches, and the others after their successors.
_LISTS = {
    "bases": ("resources", False),
    "patchesStrategicMerge": ("patches", True),
    "patchesJson6902": ("patches", False),
    "imageTags": ("images", False),
    "commonLabels": ("labels", False),
}

Item = list[str]


def modernize(text: str, path: FieldPath) -> str:
    """The kustomization's text with the deprecated field at `path` rewritten. Raises CannotEdit."""
    if len(path) == 3 and path[-1] == "env":
        return _env(text, path)
    field = str(path[0])
    if len(path) != 1 or field not in _LISTS:
        raise CannotEdit(f"`{field}` has no successor of the same form")
    successor, first = _LISTS[field]
    root = document_of(text, 0)
    old, new = root.at((field,)), root.at((successor,))
    if old is None or old.key_span is None:
        raise CannotEdit(f"`{field}` does not exist")
    is_empty = old.is_null  # kubebuilder writes such lists, with comments below
    if is_empty and new is not None:
        return remove(text, 0, (field,))
    if is_empty or (new is None and field in ("bases", "imageTags", "patchesJson6902")):
        return rename(text, 0, (field,), successor)
    items = [_labels(text, old)] if field == "commonLabels" else _items(text, old)
    if field == "patchesStrategicMerge":
        if any(child.text is None for child in old.children.values()):
            raise CannotEdit("an entry is not a string")
        items = [_patch(item) for item in items]
    if new is None:
        return _in_place(text, old, successor, items, _dash_column(text, root))
    if new.is_flow and new.children and all(len(item) == 1 for item in items) and field == "bases":
        end = position(text, new.span.end_line, new.span.end_column) - 1  # the closing bracket
        added = "".join(f", {item[0][2:]}" for item in items)
        return remove(text[:end].rstrip(", ") + added + text[end:], 0, (field,))
    if new.is_flow or not new.is_list or not new.children:
        raise CannotEdit(f"`{successor}` is not written one entry a line")
    return _move(text, field, new, items, first)


def _env(text: str, path: FieldPath) -> str:
    node = document_of(text, 0).at(path)
    if node is None or node.text is None or node.is_flow:
        raise CannotEdit("`env` is not a string")
    lines = text.splitlines(keepends=True)
    row, start, end = node.span.line - 1, node.span.column - 1, node.span.end_column - 1
    lines[row] = f"{lines[row][:start]}[{lines[row][start:end]}]{lines[row][end:]}"
    return rename("".join(lines), 0, path, "envs")


def _items(text: str, node: SourceNode) -> list[Item]:
    """The entries of a list as lines: the comments above it, then the entry with its dash in column 0."""
    if not node.is_list:
        raise CannotEdit("not a list")
    lines = text.splitlines()
    found = []
    above = node.key_span.line if node.key_span is not None else 0
    for child in node.children.values():
        line = child.span.line - 1
        comments, above = [one.strip() for one in lines[above:line]], last_line(child)
        if node.is_flow:
            if child.text is None:
                raise CannotEdit("a list in brackets")
            found.append([f"- {lines[line][child.span.column - 1 : child.span.end_column - 1]}"])
            continue
        dash = lines[line].find("-")
        if lines[line][:dash].strip():
            raise CannotEdit("a list in an unusual form")
        found.append([*comments, *(one[dash:] for one in lines[line:above])])
    return found


def _patch(item: Item) -> Item:
    """An entry of `patches`: `- file.yaml` becomes a path, a multi-line text an inline patch."""
    start = next(index for index, line in enumerate(item) if line.startswith("-"))
    content, rest = item[start][1:].strip(), item[start + 1 :]
    if not rest:
        return [*item[:start], f"- path: {content}"]
    return [*item[:start], f"- patch: {content}", *(f"  {line}" if line.strip() else line for line in rest)]


def _labels(text: str, node: SourceNode) -> Item:
    lines = text.splitlines()
    if node.is_flow:
        if node.span.line != node.span.end_line:
            raise CannotEdit("labels in braces over several lines")
        pairs = lines[node.span.line - 1][node.span.column - 1 : node.span.end_column - 1]
        return ["- includeSelectors: true", f"  pairs: {pairs}"]
    first = next(iter(node.children.values()), None)
    if first is None or first.key_span is None:
        raise CannotEdit("no labels")
    column = first.key_span.column - 1
    own = lines[first.key_span.line - 1 : last_line(node)]
    return [
        "- includeSelectors: true",
        "  pairs:",
        *(f"    {line[column:]}" if line.strip() else "" for line in own),
    ]


def _dash_column(text: str, root: SourceNode) -> int:
    """The indentation of list entries in this file."""
    lines = text.splitlines()
    for node in root.children.values():
        if node.is_list and not node.is_flow and node.children:
            return lines[node.children[0].span.line - 1].find("-")
    return 0


def _in_place(text: str, old: SourceNode, successor: str, items: list[Item], indent: int) -> str:
    assert old.key_span is not None
    lines = text.splitlines(keepends=True)
    ending = line_end(text)
    comment = lines[old.key_span.line - 1][old.span.end_column - 1 :] if old.is_flow else ""
    head = lines[old.key_span.line - 1][old.key_span.end_column :] if not old.is_flow else comment
    if head.strip() and (not head[0].isspace() or head.strip()[0] != "#"):
        raise CannotEdit("there is more than a comment behind the field")
    new = [
        f"{successor}:{head.rstrip()}",
        *(f"{' ' * indent}{line}" if line else "" for item in items for line in item),
    ]
    rest = lines[last_line(old) :]
    return "".join([*lines[: old.key_span.line - 1], *(line + ending for line in new), *rest])


def _move(text: str, field: str, new: SourceNode, items: list[Item], first: bool) -> str:
    lines = text.splitlines(keepends=True)
    ending = line_end(text)
    nodes = list(new.children.values())
    row = nodes[0].span.line - 1
    dash = lines[row].find("-")
    at = row if first else last_line(nodes[-1])
    if not lines[at - 1].endswith("\n"):
        lines[at - 1] += ending
    added = [f"{' ' * dash}{line}{ending}" if line.strip() else ending for item in items for line in item]
    return remove("".join([*lines[:at], *added, *lines[at:]]), 0, (field,))
