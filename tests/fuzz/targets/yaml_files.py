"""YAML as Python and the engine read it, edits of it, and places in it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import yaml

from kustodian.model.errors import UserError
from kustodian.model.installed_files import engine_binary
from kustodian.model.json_value import FieldPath, JsonObject
from kustodian.model.manifest import Manifest, Provenance
from kustodian.model.places import Places, ValueSource
from kustodian.render.engine import Engine
from kustodian.repository.edit import CannotEdit, move_to_end, remove, set_value
from kustodian.repository.modernize import modernize
from kustodian.repository.source_map import (
    Documents,
    SourceFile,
    SourceMaps,
    parse_documents,
    split_documents,
)
from kustodian.review.locate.locator import Locator
from kustodian.review.where.value import origin_of
from tests.fuzz.target import Target
from tests.unit.review.locate.case import DEPLOYMENT

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ENTRIES = (
    ("images/0", "ImageTagTransformer"), ("replicas/0", "ReplicaCountTransformer"), ("labels/0", "LabelTransformer"),
    ("commonAnnotations", "AnnotationsTransformer"), ("namespace", "NamespaceTransformer"), ("namePrefix", "PrefixTransformer"),
    ("configMapGenerator/0", "ConfigMapGenerator"), ("configMapGenerator/0/literals/0", "ConfigMapGenerator"),
    ("patches/0/patch#", "PatchTransformer"), ("transformers/0#@1/patch#", "PatchTransformer"), ("@1/replacements/0", ""), ("?", "x"),
)  # fmt: skip
KUSTOMIZATION = b"""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [a.yaml]
images: [{name: example.com/iris, newTag: "2"}]
replicas:
- {name: iris, count: 3}
patches:
- target: {kind: Deployment, name: "ir.*"}
  patch: |-
    - op: replace
      path: /spec/template/spec/containers/0/image
      value: b
- patch: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: iris}, spec: {replicas: 2}}"
commonLabels: {app: iris}
commonAnnotations: {note: x}
namespace: prod
replacements:
- source: {kind: ConfigMap, name: c, fieldPath: data.x}
  targets: [{select: {kind: Deployment}, fieldPaths: [spec.replicas]}]
"""
WORDS = (
    "apiVersion: v1\n", "kind: Pod\n", "metadata:\n", "  name: a\n", "spec:\n", "- a\n", "a: b\n", "  - {name: x}\n", "patches:\n", "&x ",
    "*x", "<<: *x\n", "? a\n: b\n", "|2\n", "%YAML 1.2\n", "!!binary ", "--- a\n", "\ufeff", "\t", "spec.[a=b].c", "/a/-", "path: ", "target: ",
)  # fmt: skip


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def loaded(text: str) -> list[Any] | None:
    """The documents with content; None if the text is not YAML or has values without an order."""
    try:
        return [one for one in yaml.load_all(text, Loader=LOADER) if one is not None]
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, AttributeError, RecursionError):
        return None


def paths(node: Any, path: FieldPath = (), depth: int = 12) -> Iterator[FieldPath]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items if depth else ():
        if isinstance(key, str) or isinstance(node, list):
            yield (*path, key)
            yield from paths(value, (*path, key), depth - 1)


@cache
def engine() -> Engine:
    return Engine(engine_binary()).__enter__()


def positions(data: bytes) -> None:
    """Documents, nodes and places lie in the file, in the order of the text."""
    text = text_of(data)
    last, position = len(text.splitlines()) + 1, 0
    for line, begin, end in split_documents(text):
        assert position <= begin < end <= len(text) and 0 <= line < last
        position = end
    try:
        documents = parse_documents(text, "f.yaml")
    except UserError as error:
        assert error.line is None or 1 <= error.line <= last, (error.line, last)
        return
    for document in documents:
        nodes = [document]
        for _ in range(500):
            if not nodes:
                break
            node = nodes.pop()
            for span in (node.span, node.place, *([node.key_span] if node.key_span else [])):
                assert 1 <= span.line <= span.end_line <= last and span.column >= 1, (span, last)
                assert (span.line, span.column) <= (span.end_line, span.end_column)
            nodes += node.children.values()
    SourceFile(text, "f.yaml").lines[:]


def engine_agrees(data: bytes) -> None:
    """What the engine reads of a file, Python finds at the same document and key."""
    text = text_of(data)
    name = "f.json" if data[:1] in (b"{", b"[") else "f.yaml"
    (answer,) = engine().parse(Path(gettempdir()), [], {name: text})
    last = text.count("\n") + 1
    if answer.error is not None:
        assert answer.error.code and answer.error.code != "internal" and answer.error.message, answer.error
        assert answer.error.line is None or 0 <= answer.error.line <= len(text.splitlines()) + 1
    documents = Documents(text, name, tolerant=True)
    for one in answer.documents:
        json.dumps(one.data)
        assert 1 <= one.line <= last
        if name == "f.json" or one.item is not None:
            continue
        assert one.index < len(documents), (one.index, len(documents))
        node = documents[one.index]
        if node.children and isinstance(one.data, dict):
            plain = {key for key in one.data if key.isascii() and key.isalpha()} - {"true", "false", "null"}
            assert plain <= {str(key) for key in node.children}, (plain, list(node.children))


def edits(data: bytes) -> None:
    """An edited text has the wanted value at the place and the old ones everywhere else."""
    if len(data) < 3:
        return
    choice, which = data[0], data[1]
    text = text_of(data[2:]).removeprefix("\ufeff")  # which `review.fix.changes` puts aside
    before = loaded(text)
    if not before or sets_a_key_twice(text) or "!" in text:  # the readers do not agree where a tag ends
        return
    try:
        if len(parse_documents(text, "f")) != len(before):
            return  # a null document
    except UserError:
        return
    index = which % len(before)
    found = list(paths(before[index]))
    if not found:
        return
    path = found[(choice >> 2) * 7 % len(found)]
    wanted = [copy.deepcopy(one) for one in before]
    parent: Any = wanted[index]
    for part in path[:-1]:
        parent = parent[part]
    value: Any = ("2Gi", ["ALL"], {"a": {"b": "no"}}, "x: #y\n'\"")[which % 4]
    try:
        if choice % 4 == 0:
            after = set_value(text, index, path, value)
            parent[path[-1]] = value
        elif choice % 4 == 1 and isinstance(parent[path[-1]], dict):
            after = set_value(text, index, (*path, "added"), value)
            parent[path[-1]]["added"] = value
        elif choice % 4 == 2 and isinstance(path[-1], int):
            after = move_to_end(text, index, path)
            parent.append(parent.pop(path[-1]))
        else:
            after = remove(text, index, path)
            wanted[index] = without(wanted[index], path)
    except CannotEdit:
        return
    assert repr(loaded(after)) == repr(wanted), (path, choice % 4, after)


def sets_a_key_twice(text: str) -> bool:
    """Whether the engine refuses the text for that."""
    nodes = list(yaml.compose_all(text, Loader=LOADER))
    for _ in range(5000):
        if not nodes:
            return False
        node = nodes.pop()
        if isinstance(node, yaml.MappingNode):
            keys = [str(key.value) for key, _ in node.value]
            if len(set(keys)) < len(keys):
                return True
            nodes += [one for pair in node.value for one in pair]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
    return True


def without(document: Any, path: FieldPath) -> Any:
    """A document without a field, and without the mappings and lists that this leaves empty."""
    holders = [document]
    for part in path[:-1]:
        holders.append(holders[-1][part])
    while len(holders) > 1 and len(holders[-1]) == 1:
        holders.pop()
        path = path[:-1]
    del holders[-1][path[-1]]
    return document


def places(data: bytes) -> None:
    """Every field of an object is located in one of the files, at a line that exists."""
    kustomization, _, resource = text_of(data).partition("\0")
    documents = [one for one in loaded(resource) or [] if isinstance(one, dict)]
    if not documents:
        return
    texts = {"kustomization.yaml": kustomization, "a.yaml": resource}
    maps = SourceMaps(Path("/nonexistent"))
    for name, text in texts.items():
        maps.put(name, text)
    locator = Locator(maps)
    for shift in range(3):
        provenance = Provenance("a.yaml", places=_claimed_places(documents[0], texts, shift))
        if shift == 2:
            provenance = Provenance("a.yaml", document=len(documents))
        manifest = Manifest(documents[0], provenance)
        for path in [(), ("spec", "missing", 0), *list(paths(manifest.data))[:40]]:
            place = locator.locate(manifest, path)
            assert place.file in texts, place
            assert 1 <= place.line <= len(texts[place.file].splitlines()) + 1 and place.column >= 1, place
            locator.writable(manifest, path)
            origin_of(locator, manifest, path)


def _claimed_places(document: JsonObject, texts: Mapping[str, str], shift: int) -> Places:
    """Places that lead anywhere in the files: into texts, and to entries that may not be there."""
    sources = [
        ValueSource("a.yaml"),
        *(ValueSource("kustomization.yaml", field, by) for field, by in ENTRIES),
    ]
    words: list[str] = []

    def add(value: object) -> None:
        number = (len(words) + shift) % len(sources)
        line = (len(words) * 7 + shift) % (len(texts[sources[number].file].splitlines()) + 1)
        position = len(words)
        words.append(f"{number}@{line}.{(len(words) * 3) % 9}")
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            add(inner)
        if len(words) > position + 1:
            words[position] += f"+{len(words) - position - 1}"

    add(document)
    return Places(" ".join(words), sources)


def modernized(data: bytes) -> None:
    """A modernized kustomization is still YAML."""
    text = text_of(data)
    documents = loaded(text)
    if documents is None or len(documents) != 1 or not isinstance(documents[0], dict):
        return
    for field in ("bases", "patchesStrategicMerge", "patchesJson6902", "commonLabels", "vars", "imageTags"):
        if field in documents[0]:
            try:
                after = modernize(text, (field,))
            except (CannotEdit, UserError):
                continue
            assert loaded(after) is not None, after


_PAIR = KUSTOMIZATION + b"\0" + DEPLOYMENT.encode()
_ODD = (
    b"a: &a {b: [1, 'x\n  y']}\nc: *a\n<<: *a\n---\nd: |-\n  e\n\n# f\n", b"? [a]\n: {b: c}\n'x': \"y\\n\"\n", b"a:\r\n- b\r\n-  c: d\r\n   e: f\r\n",
    b"kind: A\n# c\x0c---\nkind: B\n", "k: a\u2028b\n#\x85---\x85k: c\n".encode(), b"- - a\n  - b\n- {c: d, e: }\n",
)  # fmt: skip
TARGETS = (
    Target("positions", positions, (DEPLOYMENT.encode(), KUSTOMIZATION, *_ODD), WORDS),
    Target("engine-agrees", engine_agrees, (DEPLOYMENT.encode(), KUSTOMIZATION, b'{"kind": "A", "items": [{"a": 1e400}]}', *_ODD), WORDS),
    Target("edits", edits, tuple(bytes((n, n)) + one for n, one in enumerate((DEPLOYMENT.encode(), KUSTOMIZATION, *_ODD))), WORDS),
    Target("places", places, (_PAIR,), WORDS),
    Target("modernize", modernized, (
        b"bases: [../a]\nresources:\n- b\n", b"patchesStrategicMerge:\n- a.yaml\n- |-\n  kind: A\n", b"commonLabels: {a: b}\nlabels: []\n",
        b"patchesJson6902:\n- target: {kind: A, name: b}\n  path: c.yaml\n- patch: |\n    - op: add\n  target: {}\n",
    ), WORDS),
)  # fmt: skip
