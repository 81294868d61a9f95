"""The Jinja environment of the page."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from kustodian.report.escape import page

_HERE = Path(__file__).parent
_CODE = re.compile("`([^`]+)`")


def environment() -> Environment:
    """The templates of this folder; every value is escaped.

    An indented line continues the one before it: the indentation of a template does not get into the page,
    where it would be text between elements.
    """
    made = Environment(
        autoescape=True,
        finalize=page,
        undefined=StrictUndefined,
        loader=FunctionLoader(_source),
        trim_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    made.filters["prose"] = _prose
    made.globals["line_end"] = Markup("\n")  # as a text it would be escaped
    return made


def _source(name: str) -> str:
    text = (_HERE / name).read_text(encoding="utf-8")
    # A space remains between words and between attributes.
    return re.sub(r"\n +", " ", re.sub(r"(?<=[>}])\n +|\n +(?=[<{])", "", text))


def _prose(text: str) -> Markup:
    """The text, escaped, with `code` in code elements."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(page(text)))))
