"""Escapes foreign text: names, messages, paths and source lines, which a pull request may choose freely.

One function for each surface: `plain` and `source_line` (terminals, CI logs, XML), `markdown` and
`markdown_html` (comments and job summaries), `page` (HTML), `sarif`, `workflow` (GitHub's commands),
`json_text` (every JSON format). The result can be encoded as UTF-8. Ordinary text stays as it is.

Sources: GitHub documentation, "Workflow commands for GitHub Actions"; the runner's ActionCommand.cs, which
accepts `::` behind white space and `##[` anywhere in a line; Unicode Technical Report 36, section 2.
"""

from __future__ import annotations

import json
import re
from typing import Any

#: Bidirectional controls, zero-width and other invisible characters, line and paragraph separators,
#: noncharacters, lone surrogates.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff"
)
#: A variation selector is ordinary behind a symbol, where it makes an emoji of it.
_SELECTOR = "(?<![#*0-9\u00a9\u00ae\u2000-\u32ff\U0001f000-\U0001faff])[\ufe0e\ufe0f]"
#: Prefixes of the commands of Azure Pipelines, older GitHub runners and TeamCity.
_COMMAND = re.compile(r"##(?=\[|vso\[|teamcity\[)")
_HARMFUL = re.compile(rf"^\s*:(?=:)|[\x00-\x1f\x7f-\x9f{_INVISIBLE}]|{_SELECTOR}|{_COMMAND.pattern}")
_HARMFUL_IN_JSON = re.compile(f"[\x7f-\x9f{_INVISIBLE}]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
#: A zero-width space, written so that the text of a comment shows it.
_GAP = "&#8203;"
_LINKS = re.compile(r"(?<=\w)://|(?<!\w)(?:www(?=\.)|mailto(?=:)|xmpp(?=:))", re.IGNORECASE)
#: `@user` and addresses of mail, but not `image@sha256:0123`.
_MENTIONS = re.compile(r"(?<!\w)@|@(?=[\w-]+\.)")
#: References to issues and the like: `#1`, `GH-1`; GitLab's `!1`, `$1`, `%1`, `~label`.
_ISSUES = re.compile(r"#(?=\w)|(?<=\bGH)-(?=\d)|[!$](?=\d)|(?<!\w)(?:%(?=\d)|~(?=\w))", re.IGNORECASE)
_LINE_END = re.compile("\r?\n$")
_CODE = re.compile("(`[^`]+`)")


def plain(text: str) -> str:
    """The text for a log, on one line: hidden characters as escapes, and no workflow command."""
    if text.isascii() and text.isprintable() and "##" not in text and "::" not in text:
        return text
    return _HARMFUL.sub(_escape, text)


def source_line(text: str) -> str:
    """A line of a file: as `plain`, but with its tabs, and a byte order mark at its start."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    return mark + "\t".join(map(plain, text[len(mark) :].split("\t")))


def own_lines(text: str) -> str:
    """A text that the program put together from several lines, each as `plain`."""
    return "\n".join(map(plain, text.split("\n")))


def diff_line(line: str) -> str:
    """A line of a unified diff, with its line break: as it is unless it could do harm in a log."""
    content = line[: -len(found[0])] if (found := _LINE_END.search(line)) else line
    sign = content[:1] if content[:1] in ("+", "-", " ") else ""
    # A context line starts with white space, which does not keep a runner from reading a command.
    return sign + source_line(content[len(sign) :]) + line[len(content) :]


def markdown(text: str) -> str:
    """Text in markdown, on one line, without markup other than code spans.

    No mention, link, image, HTML or reference to an issue in it takes effect.
    """
    text = " ".join(plain(text).split())
    runs = list(re.finditer("`+", text))
    parts, position, number = [], 0, 0
    while number < len(runs):
        start = runs[number]
        closing = next((one for one in range(number + 1, len(runs)) if len(runs[one][0]) == 1), None)
        parts.append(_markdown_words(text[position : start.start()]))
        if len(start[0]) > 1 or closing is None:
            parts.append(start[0].replace("`", r"\`"))
            position, number = start.end(), number + 1
        else:
            parts.append(text[start.start() : runs[closing].end()])
            position, number = runs[closing].end(), closing + 1
    return "".join([*parts, _markdown_words(text[position:])])


def markdown_html(text: str, marks: str = "") -> str:
    """Text inside an HTML element of a markdown page, on one line; `marks` are more characters to escape.

    Code spans become code elements unless `marks` has the backtick. No mention, link or reference to an
    issue in it takes effect.
    """
    parts = [" ".join(plain(text).split())] if "`" in marks else _CODE.split(" ".join(plain(text).split()))
    for number, part in enumerate(parts):
        escaped = part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        if number % 2:
            parts[number] = f"<code>{escaped[1:-1].replace('@', '&#64;')}</code>"
            continue
        escaped = _inert(escaped)
        parts[number] = "".join(f"&#{ord(one)};" if one in marks else one for one in escaped)
    return "".join(parts)


def code_span(text: str) -> str:
    """A code span of markdown around any text, which may contain backticks."""
    text = " ".join(plain(text).split())
    fence = code_fence(text, 1)
    padding = " " if "`" in text else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def code_fence(text: str, shortest: int = 3) -> str:
    """As many backticks as enclose the text in markdown."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(shortest, longest + 1 if longest else 0)


def page(value: Any) -> Any:
    """A value for an HTML template, which escapes markup itself; only texts change."""
    return source_line(value) if type(value) is str else value


def sarif(text: str) -> str:
    """Text of a SARIF message: as `plain`, and what reads as a link stays text."""
    return re.sub(r"\[(?=[^\[\]]*\]\()", r"\\[", plain(text))


def workflow(text: str, more: str = "") -> str:
    """Text as part of a GitHub workflow command; `more` are `:,` in a property.

    The line breaks are the program's own: foreign parts were escaped by `plain` before.
    """
    for character in ("%", "\r", "\n", *more):
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def json_text(data: Any) -> str:
    """Data as indented JSON with a line break at the end, see `inert_json`."""
    import orjson

    try:
        text = orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    except TypeError:  # a lone surrogate, or a number of more than 64 bits
        text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    return inert_json(text)


def inert_json(text: str) -> str:
    """JSON with its hidden characters, and what could start a workflow command, written as JSON escapes.

    A reader gets the same data, apart from lone surrogates, which become visible escapes.
    """
    if "##" in text:
        text = _COMMAND.sub(r"#\\u0023", text)
    if text.isascii() and "\x7f" not in text:
        return text
    return _HARMFUL_IN_JSON.sub(lambda found: _json_escape(found[0]), text)


def encoded(text: str) -> bytes:
    """Text as UTF-8; a lone surrogate becomes a visible escape."""
    return text.encode("utf-8", "backslashreplace")


def _escape(found: re.Match[str]) -> str:
    text = found[0]
    if text == "##":
        return "#\\#"
    if text.endswith(":"):
        return "".join(map(_escaped_space, text[:-1])) + "\\:"
    return _SHORT.get(text) or _by_code(ord(text))


def _escaped_space(character: str) -> str:
    return character if character == " " else _SHORT.get(character) or _by_code(ord(character))


def _by_code(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(character: str) -> str:
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        return f"\\\\u{code:04x}"
    return json.dumps(character)[1:-1] if code != 0x7F else "\\u007f"


def _markdown_words(text: str) -> str:
    # An ampersand would start an entity, which a forge reads as the character before it looks for mentions.
    escaped = re.sub(r"([\\*_{}\[\]<>#|!~])", r"\\\1", text)
    return _inert(re.sub(r"&(?=[\w#\\])", "&amp;", escaped))


def _inert(text: str) -> str:
    """Text in which a forge finds no link, no issue and no mention."""
    text = _ISSUES.sub(lambda found: found[0] + _GAP, text)
    text = _LINKS.sub(lambda found: f":{_GAP}//" if found[0] == "://" else found[0] + _GAP, text)
    return _MENTIONS.sub(f"@{_GAP}", text).replace("@", "&#64;")
