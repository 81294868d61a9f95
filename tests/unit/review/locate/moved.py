"""What kustomize moves, renames, copies or sets in parts: places that cannot be found by comparing values."""

from __future__ import annotations

from tests.unit.review.locate.case import BASE, DEPLOYMENT, IMAGE, REPLICAS, Case, container, overlay

FACTS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: facts, namespace: %s}\ndata:\n  one: example.com/one:1\n  two: example.com/two:2\n"
SECOND = ("spec", "template", "spec", "containers", 1, "image")
TWIN = DEPLOYMENT.replace("name: iris\n", "name: iris-twin\n", 1)


def replacing(entries: str, facts: str) -> dict[str, str]:
    """An overlay with replacements from a ConfigMap."""
    return {
        **BASE,
        "overlay/kustomization.yaml": f"resources: [../base, facts.yaml]\nreplacements:\n{entries}",
        "overlay/facts.yaml": facts,
    }


CASES = [
    Case(
        "replacement: a patch set its source",
        {
            **replacing(
                "  - source: {kind: ConfigMap, name: facts, fieldPath: data.one}\n"
                "    targets: [{select: {kind: Deployment}, fieldPaths: ['spec.template.spec.containers.[name=server].image']}]\n"
                "patches: [{path: p.yaml}]\n",
                FACTS % "x",
            ),
            "overlay/p.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: facts, namespace: x}\ndata:\n  one: a:3 # HERE\n",
        },
        IMAGE,
    ),
    Case(
        "replacement: each container from a field of its own",
        replacing(
            "".join(
                f"  - source: {{kind: ConfigMap, name: facts, fieldPath: data.{field}}}\n"
                f"    targets: [{{select: {{kind: Deployment}}, fieldPaths: ['spec.template.spec.containers.[name={name}].image']}}]\n"
                for name, field in (("server", "one"), ("proxy", "two"))
            ),
            (FACTS % "x").replace("two:2", "two:2 # HERE"),
        ),
        SECOND,
    ),
    Case(
        "replacement: a regular expression selects the target",
        replacing(
            "  - source: {kind: ConfigMap, name: facts, fieldPath: data.one}\n"
            "    targets: [{select: {kind: Deployment, name: 'i.*s'}, fieldPaths: ['spec.template.spec.containers.0.image']}]\n",
            (FACTS % "x").replace("one:1", "one:1 # HERE"),
        ),
        IMAGE,
    ),
    Case(
        "replacement: the source is in another namespace",
        replacing(
            "  - source: {kind: ConfigMap, name: facts, namespace: other, fieldPath: data.one}\n"
            "    targets: [{select: {kind: Deployment}, fieldPaths: ['spec.template.spec.containers.0.image']}]\n",
            (FACTS % "x") + "---\n" + (FACTS % "other").replace("one:1", "one:1 # HERE"),
        ),
        IMAGE,
    ),
    Case(
        "replacement: sourceValue",
        replacing(
            "  - sourceValue: example.com/fixed:1 # HERE\n"
            "    targets: [{select: {kind: Deployment}, fieldPaths: ['spec.template.spec.containers.0.image']}]\n",
            FACTS % "x",
        ),
        IMAGE,
    ),
    Case(
        "JSON 6902: two items inserted at the front",
        overlay(
            "patches:\n  - target: {kind: Deployment}\n    path: p.yaml\n",
            p="- op: add\n  path: /spec/template/spec/containers/0\n  value: {name: a, image: 'a:1'} # HERE\n"
            "- op: add\n  path: /spec/template/spec/containers/0\n  value: {name: b, image: 'b:1'}\n",
        ),
        SECOND,
    ),
    Case(
        "JSON 6902: replaced, then moved by an insertion",
        overlay(
            "patches:\n  - target: {kind: Deployment}\n    path: p.yaml\n",
            p="- {op: replace, path: /spec/template/spec/containers/0/image, value: 'a:1'} # HERE\n"
            "- {op: add, path: /spec/template/spec/containers/0, value: {name: b, image: 'b:1'}}\n",
        ),
        SECOND,
    ),
    Case(
        "patch target: its name is anchored",
        {
            **overlay(
                "patches:\n  - target: {kind: Deployment, name: iris}\n    patch: |-\n"
                "      - {op: replace, path: /spec/replicas, value: 7} # HERE\n"
                "  - target: {kind: Deployment, name: iris-twin}\n    patch: |-\n"
                "      - {op: replace, path: /spec/replicas, value: 8}\n"
            ),
            "base/twin.yaml": TWIN,
            "base/kustomization.yaml": "resources: [deployment.yaml, twin.yaml]\nnameSuffix: -z\n",
        },
        REPLICAS,
        kind="Deployment/iris-z",
    ),
    Case(
        "transformers: an images transformer in a file of its own",
        overlay(
            "transformers: [t.yaml]\n",
            t="apiVersion: builtin\nkind: ImageTagTransformer\nmetadata: {name: t}\nimageTag:\n  name: example.com/iris\n"
            "  newTag: 3.0.0 # HERE\nfieldSpecs: [{path: 'spec/template/spec/containers[]/image'}]\n",
        ),
        IMAGE,
    ),
    Case(
        "configMapGenerator: behavior merge",
        {
            "base/kustomization.yaml": "configMapGenerator:\n  - name: c\n    literals:\n      - A=1\n      - B=2 # HERE\n",
            "overlay/kustomization.yaml": "resources: [../base]\nconfigMapGenerator:\n  - {name: c, behavior: merge, literals: [A=3]}\n",
        },
        ("data", "B"),
        kind="ConfigMap",
    ),
    Case(
        "configMapGenerator: a line of an .env file",
        {
            "overlay/kustomization.yaml": "configMapGenerator:\n  - name: c\n    envs: [a.env]\n",
            "overlay/a.env": "# a comment\nA=1\nB=2 # HERE\n",
        },
        ("data", "B"),
        kind="ConfigMap",
    ),
    Case(
        "a merge key in the manifest",
        {
            **overlay(
                "patches: [{path: p.yaml}]\n", p=container("image: &i example.com/iris:4\nargs: [*i] # HERE")
            ),
        },
        ("spec", "template", "spec", "containers", 0, "args", 0),
    ),
]
