"""The template's folder and its data files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

#: The folder with cookiecutter.json, modules.yaml and the files to render.
TEMPLATE_ROOT = Path(__file__).resolve().parent.parent
#: libyaml's parser where PyYAML was built with it: ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(name: str) -> Any:
    """The content of a YAML file of the template."""
    return yaml.load((TEMPLATE_ROOT / name).read_text(encoding="utf-8"), _LOADER)
