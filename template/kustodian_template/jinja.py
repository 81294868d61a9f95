"""The Jinja extension: the functions that the templates call, and the files that need no rendering."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from jinja2 import Environment
from jinja2.ext import Extension

from kustodian_template import addons, capacity, clusters, environments, modules, server
from kustodian_template.answers import quantities
from kustodian_template.data import TEMPLATE_ROOT
from kustodian_template.unused import unused_paths

_CALLABLE = (
    addons.addon_kinds,
    addons.addon_namespace,
    addons.batch_room,
    addons.needed_secrets,
    addons.platform_labels,
    addons.schema_files,
    capacity.gpu_budget,
    capacity.gpu_words,
    capacity.most_servers,
    capacity.scratch,
    capacity.uses_gpu,
    clusters.applications,
    clusters.destinations,
    environments.environments,
    quantities.total_cpu,
    quantities.total_size,
    modules.addons,
    modules.components,
    modules.has,
    modules.kinds,
    modules.patches,
    server.canary_routes,
    server.endpoint,
    server.fetches_model,
    server.gpu_quota_key,
    server.gpu_resource,
    server.has_api_keys,
    server.promises,
    server.range_file,
    server.signals,
    server.workload,
)

#: Files, and folders with a slash at the end, that are rendered as empty because they are removed afterwards:
#: compiling their templates would take most of the time.
_skipped: set[str] = set()


def as_python(value: object) -> str:
    """A value as JSON in a Python string literal, for the hooks; keys keep their order (tojson sorts)."""
    return repr(json.dumps(value))


@contextmanager
def skipping(paths: Iterable[str]) -> Iterator[None]:
    """Render these files as empty inside the context."""
    added = set(paths) - _skipped
    _skipped.update(added)
    try:
        yield
    finally:
        _skipped.difference_update(added)


@cache
def _skip_unused(replay: str) -> None:
    """Render as empty the files that the answers of a replay file do not need."""
    answers = json.loads(Path(replay).read_text(encoding="utf-8"))["cookiecutter"]
    _skipped.update(name for path in unused_paths(answers) for name in (path, f"{path}/"))


class TemplateExtension(Extension):
    """Makes the functions above usable in the templates; cookiecutter.json names it."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals.update({function.__name__: function for function in _CALLABLE})
        environment.globals.update(
            as_python=as_python,
            canary_weights=server.CANARY_WEIGHTS,
            mig_profile=server.MIG_PROFILE,
            template_root=str(TEMPLATE_ROOT),
        )
        environment.filters["scalar"] = environments.scalar
        # `kustodian new` passes the answers before cookiecutter renders the first file.
        if "KUSTODIAN_REPLAY" in os.environ:
            _skip_unused(os.environ["KUSTODIAN_REPLAY"])

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The source of a file; empty for one that is removed afterwards."""
        folders = name.split("/") if name and _skipped else []
        starts = ("/".join(folders[:end]) + "/" for end in range(1, len(folders)))
        return "" if name in _skipped or any(start in _skipped for start in starts) else source
