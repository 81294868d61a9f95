"""`kustodian matrix` as text and markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kustodian.model.results.environment_matrix import EnvironmentMatrix, Mark, Row
from kustodian.report.escape import markdown_html, plain
from kustodian.report.formats import MatrixStyle

_ABSENT = "—"
_MARKS = {Mark.SAME: " ", Mark.VARIES: "~", Mark.DRIFT: "≠", Mark.MISSING: "!"}
_LEGEND = {
    Mark.DRIFT: "what runs differs",
    Mark.MISSING: "some environment lacks it",
    Mark.VARIES: "differs as environments do",
}
#: The least width that a column may take, however narrow the terminal.
_NARROWEST = 12


def as_text(matrices: Sequence[EnvironmentMatrix], style: MatrixStyle) -> str:
    """A table for each application; a row that is too wide lists its values below each other."""
    if not matrices:
        return "no overlay is in an environment\n"
    blocks = ["\n".join(map(plain, _table(matrix, style))) + "\n" for matrix in matrices]
    marks = {row.mark for matrix in matrices for row in rows(matrix, style)}
    legend = "   ".join(f"{_MARKS[mark]} {said}" for mark, said in _LEGEND.items() if mark in marks)
    if not legend:
        legend = "no drift" if style.only_drift else "the environments do not differ"
    return "\n".join([*blocks, f"{legend}\n"])


def as_markdown(matrices: Sequence[EnvironmentMatrix], style: MatrixStyle) -> str:
    """A table for each application."""
    parts = []
    for matrix in matrices:
        lines = [f"### {_escaped(matrix.application)}"]
        lines += [f"\n{_escaped(line)}" for line in _errors(matrix)]
        shown = rows(matrix, style)
        if shown:
            lines += ["", "| | | " + " | ".join(map(_escaped, matrix.columns)) + " | |"]
            lines.append("|---" * (len(matrix.columns) + 3) + "|")
        elif not matrix.errors:
            lines += ["", "No drift."]
        for row in shown:
            cells = " | ".join(_escaped(cell) for cell in (row.subject, row.fact, *_cells(row)))
            lines.append(f"| {cells} | {_MARKS[row.mark].strip()} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def rows(matrix: EnvironmentMatrix, style: MatrixStyle) -> list[Row]:
    """The rows that the style shows."""
    return [row for row in matrix.rows if row.is_drift or not style.only_drift]


def _table(matrix: EnvironmentMatrix, style: MatrixStyle) -> Iterator[str]:
    shown = rows(matrix, style)
    yield matrix.application
    yield from (f"  {line}" for line in _errors(matrix))
    if not shown:
        return
    label = max(len(row.fact) for row in shown)
    room = (style.width - 4 - label) // len(matrix.columns) - 2
    # Longer values are written below each other, so they do not widen the columns.
    fitting = [row for row in shown if max(map(len, _cells(row))) <= max(room, _NARROWEST)]
    columns = [
        max(len(name), *(len(_cells(row)[number]) for row in fitting), 0)
        for number, name in enumerate(matrix.columns)
    ]
    yield f"    {' ' * label}  {_columns(matrix.columns, columns)}".rstrip()
    subject = ""
    for row in shown:
        if row.subject != subject:
            subject = row.subject
            yield f"  {subject}"
        head = f"  {_MARKS[row.mark]} {row.fact.ljust(label)}"
        if row in fitting:
            yield f"{head}  {_columns(_cells(row), columns)}".rstrip()
        elif not row.differs:
            yield f"{head}  {row.values[0]} (in each)"
        else:
            yield head.rstrip()
            names = max(map(len, matrix.columns))
            for name, cell in zip(matrix.columns, _cells(row), strict=True):
                yield f"      {name.ljust(names)}  {cell}"


def _cells(row: Row) -> tuple[str, ...]:
    return tuple(value or _ABSENT for value in row.values)


def _errors(matrix: EnvironmentMatrix) -> Iterator[str]:
    for overlay, why in matrix.errors:
        yield f"{overlay} does not render: {why}"


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))


def _escaped(text: str) -> str:
    """Text for a cell: on one line, without markup, mentions or the end of the cell."""
    return markdown_html(text, marks="\\`[~").replace("*", "\\*").replace("|", "\\|")
