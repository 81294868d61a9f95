"""The Helm chart of the model server, made from base/: one source, so both deploy the same objects.

Image, model revision and sizes become values. The rest of the chart (Ingress, Redis) is rendered by
cookiecutter like any other file.
"""

from __future__ import annotations

import re
from pathlib import Path

_IMAGE = re.compile(r"^( +image: )(\S+)$", re.MULTILINE)
_REVISION = re.compile(r"^( +- name: MODEL_REVISION\n +value: )(\S+)$", re.MULTILINE)
_RESOURCES = re.compile(r"^( +)resources:\n((?:\1 +.*\n)+)", re.MULTILINE)
_ENV = re.compile(r"^( +)env:\n", re.MULTILINE)
#: The address of the chart's Redis, if it is enabled.
_REDIS = """\
{{- if .Values.redis.enabled }}
%(indent)s  - name: REDIS_URL
%(indent)s    value: redis://{{ .Release.Name }}-redis:6379/0
%(indent)s{{- end }}
"""


def write_chart(repository: Path) -> None:
    """Fill chart/templates/ from base/ and add the values of base/ to chart/values.yaml."""
    chart = repository / "chart"
    for manifest in sorted((repository / "base").glob("*.yaml")):
        if manifest.name == "kustomization.yaml":
            continue
        text = manifest.read_text(encoding="utf-8")
        if manifest.name == "deployment.yaml":
            text = _parametrize(text, chart / "values.yaml")
        (chart / "templates" / manifest.name).write_text(text, encoding="utf-8")


def _parametrize(deployment: str, values: Path) -> str:
    """The Deployment as a Helm template; its values become the defaults in the file `values`."""
    defaults = []
    image = _IMAGE.search(deployment)
    if image:
        defaults.append(f"image: {image[2]}")
        deployment = _IMAGE.sub(r"\1{{ .Values.image }}", deployment, count=1)
    revision = _REVISION.search(deployment)
    if revision:
        defaults.append(f"modelRevision: {revision[2]}")
        deployment = _REVISION.sub(r"\1{{ .Values.modelRevision | quote }}", deployment, count=1)
    resources = _RESOURCES.search(deployment)
    if resources:
        block = [line[len(resources[1]) :] for line in resources[2].splitlines()]
        defaults += ["resources:", *block]
        call = "%sresources:\n%s  {{- toYaml .Values.resources | nindent %d }}\n"
        indent = resources[1]
        deployment = _RESOURCES.sub(lambda _: call % (indent, indent, len(indent) + 2), deployment, count=1)
    environment = _ENV.search(deployment)
    if environment:
        indent = environment[1]
        deployment = _ENV.sub(
            lambda _: f"{indent}env:\n{indent}" + _REDIS % {"indent": indent}, deployment, count=1
        )
    text = values.read_text(encoding="utf-8")
    values.write_text(text + "\n".join(defaults) + "\n", encoding="utf-8")
    return deployment
