"""Small texts: escapes, field paths, images, quantities, patterns, templates of ApplicationSets, shell lines."""

from __future__ import annotations

import json
import re
import unicodedata
from fractions import Fraction

from kustodian.argocd import generators
from kustodian.kubernetes.syntax.image_reference import parse_image, split_as_kustomize
from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model import field_path
from kustodian.model.errors import TooManyParameters
from kustodian.model.linear_pattern import linear_pattern
from kustodian.policy.rules.secrets._command import credentials_in_script
from kustodian.policy.rules.secrets._files import credentials_in_file
from kustodian.report import escape
from tests.fuzz.target import Target

#: What the runners of forges take for a command.
_COMMAND = re.compile(r"^\s*::|##\[|##vso\[|##teamcity\[")
_BIDI = re.compile("[\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


def text_of(data: bytes) -> str:
    """Any text, lone surrogates among it."""
    return data.decode(
        "utf-8", "surrogatepass" if b"\xed" in data and _is_passed(data) else "surrogateescape"
    )


def _is_passed(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def inert_line(text: str, but: str = "") -> None:
    """Raise for a line of a log that is more than one, hides something or commands something."""
    for character in text:
        if character in but:
            continue
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp"), ascii(text)
    assert not _BIDI.search(text), ascii(text)
    assert not _COMMAND.search(text), ascii(text)
    text.encode()


def escapes(data: bytes) -> None:
    text = text_of(data)
    inert_line(escape.plain(text))
    inert_line(escape.source_line(text).removeprefix("\ufeff"), but="\t")
    for line in escape.own_lines(text).split("\n"):
        inert_line(line)
    for sign in ("", "+", "-", " "):
        inert_line(re.sub("\r?\n$", "", escape.diff_line(sign + text)), but="\t\ufeff")
    inert_line(escape.sarif(text))
    assert "\n" not in escape.workflow(escape.plain(text), ":,")
    assert not re.search("[:,\r\n]", escape.workflow(text, ":,"))
    for written in (escape.markdown(text), escape.markdown_html(text), escape.markdown_html(text, "`*_[]|")):
        inert_line(written)
    bare = text.replace("`", "")  # what stands in a code span is no link
    for written in (escape.markdown(bare), escape.markdown_html(bare), escape.markdown_html(bare, "*_[]|")):
        outside = written.replace("<code>", "").replace("</code>", "")
        assert "@" not in outside and not re.search(r"\w://", outside), ascii(written)
        assert not re.search(r"(?<!\\)<(?!/?code>)", outside), ascii(written)
    span = escape.code_span(text)
    inert_line(span)
    fence = len(span) - len(span.lstrip("`"))
    assert f"{'`' * fence}" not in re.sub(f"^`{{{fence}}}|`{{{fence}}}$", "", span) or not text.strip(), (
        ascii(span)
    )
    written = escape.json_text({"a": text, text: [1, text]})
    for line in written.split("\n"):
        inert_line(line)
    if not re.search("[\ud800-\udfff]", text):
        assert json.loads(written) == {"a": text, text: [1, text]} or text == "a"
    escape.encoded(text).decode()


def paths(data: bytes) -> None:
    text = text_of(data)
    path = field_path.parse_path(text)
    assert field_path.parse_path(field_path.format_path(path)) == path or '"' in text or "\\" in text, ascii(
        text
    )
    example = {"spec": {"a": [{"name": "x", "b.c": [1, [2]]}], "": None}, "x": "y"}
    field_path.parse_api_server_path(text, example)
    field_path.parse_json_pointer(text, example)
    steps = field_path.split_kustomize_path(text)
    assert len("".join(steps)) <= len(text) and len(steps) <= text.count(".") + 1


def images(data: bytes) -> None:
    text = text_of(data)
    image = parse_image(text)
    assert image.host and "@" not in image.host + image.repository + image.tag
    assert "/" not in image.tag and "/" not in image.host
    if image.has_valid_digest:
        assert text.endswith(image.digest)
    name, tag, digest = split_as_kustomize(text)
    assert len(name) + len(tag) + len(digest) <= len(text)


def quantities(data: bytes) -> None:
    text = text_of(data)
    value = parse_quantity(text)
    if value is not None and text.strip() not in ("+", "-"):
        assert isinstance(value, Fraction) and (value * 10**9).denominator == 1
        negated = text.strip()
        negated = negated[1:] if negated[0] == "-" else "-" + negated.removeprefix("+")
        assert parse_quantity(negated) == -value, text
    for number in (
        len(data),
        len(data) / 7,
        text.count("1") * 1e300,
        float("inf"),
        float("nan"),
        None,
        [text],
        True,
    ):
        parse_quantity(number)


def patterns(data: bytes) -> None:
    pattern, _, text = text_of(data).partition("\n")
    found = linear_pattern(pattern)
    if found is not None:
        assert found.search(text) or not found.fullmatch(text)


def application_sets(data: bytes) -> None:
    template, _, rest = text_of(data).partition("\n")
    names = sorted({name for name in rest.split("\n") if name})
    params = {
        "path": {"path": "a/b", "segments": ["a", "b"]},
        "path.basename": "b",
        "n": 3,
        "x": None,
        template: "y",
    }
    expanded = generators.expand(template, params)
    try:
        if generators.UNKNOWN not in expanded:
            assert generators.pattern(expanded).match(expanded)
        found = generators.glob_matches([template], [], names)
    except TooManyParameters:
        return  # the pattern is too long: the check is incomplete and says so
    assert set(found) <= set(names) and found == sorted(found)
    assert generators.glob_matches([template], ["**"], [name for name in names if "\n" not in name]) == []


def shell_lines(data: bytes) -> None:
    text = text_of(data)
    last = len(text.splitlines()) + 1
    for found in (
        credentials_in_script(text), credentials_in_file("a.env", text), credentials_in_file("a.json", text),
        credentials_in_file("a.py", text),
    ):  # fmt: skip
        for line, what in found:
            assert 1 <= line <= last and what


TARGETS = (
    Target("escapes", escapes, (
        b"::error file=a::b", b" \t::add-mask::x", b"##[command]x ##vso[a] ##teamcity[b]", "\u202e\u200b\x1b[2J".encode(),
        b"@team `code` ``x`` <b> https://x.y www.z #1 GH-2 !3 [a](b) ![c](d) &#64;x", b"\xed\xa0\x80 x", "\ufeff::x".encode(),
    ), ("::", "##[", "##", "@", "`", "``", "://", "www.", "mailto:", "#1", "GH-1", "[", "](", "<", "&", "|", "\ufe0f")),
    Target("field-paths", paths, (
        b"spec.containers[0].image", b'metadata.labels["app.io/name"]', b'.spec.a[name="x"].b', b"/spec/a/-/b~1c", b"a.[b=c.d].e\\.f",
    ), ("[0]", '["', '"]', ".", "spec", "/", "~1", "[name=x]", "[99999999999999999999]", "\\", "²")),
    Target("images", images, (
        b"registry.example.com:5000/a/b:1.0@sha256:" + b"0" * 64, b"nginx", b"docker.io/nginx:1", b"localhost/x@y@z", b"a:b:c/d:e",
    ), ("@", ":", "/", "sha256:", "localhost", ".", "docker.io", "index.docker.io")),
    Target("quantities", quantities, (b"500m", b"1.5Gi", b"2e3", b"-.5E", b"+1e-9", b"", b"1E1", b"1Ei"),
        ("m", "Ki", "Ei", "e", "E", "+", "-", ".", "1", "n", "e999999999", "9" * 5000, "²", "٣")),
    Target("patterns", patterns, (rb"(a+)+$", rb"^(data|stringData)$" b"\ndata", rb"(?i)\bx{2,9}\pL" b"\nxx", rb"[[:alpha:]]*?"),
        ("(", ")", "+", "*", "{1000}", "(?i)", "(?U)", "(?=", "\\", "[", "]", "|", "^", "$", "\\pL", "\\Q", "(?P<a>")),
    Target("application-sets", application_sets, (
        b"apps/{{ .path.basename }}\napps/b", b"{{index .path.segments 1}}\nx", b"**/a/*\nx/a/b", b"{{n}}{{ x }}{{- path -}}", b"*?[a]{b}\nab",
    ), ("{{", "}}", "{{ .path.path }}", "index .", "**/", "*", "?", ".", "[0]", "path", "\\", "{a,b}", "[!a]")),
    Target("shell-lines", shell_lines, (
        b"curl -u admin:hunter2hunter2 https://x \\\n --password=abc", b"export A_TOKEN=ghp_0123456789abcdefghij0123456789abcdefgh",
        b'{"password": "s3cr3t-value-XYZ", "a": [1, {"token": "1m1m1m"}]}', b"mysql -p'a b' <<EOF\n# x\nEOF", b"a = [\"1m\", 'x']",
    ), ("PASSWORD=", "--token ", "-p", "'", '"', "\\\n", "$(", "`", "|", "&&", ";", "#", "1m", "://a:b@", "{", "[" * 50)),
)  # fmt: skip
