"""Refuse answers that no repository can be made from, before anything is written."""

from __future__ import annotations

import json
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, json.loads({{ as_python(template_root) }}))

from kustodian_template.hook import run  # noqa: E402
from kustodian_template.validate import validate  # noqa: E402

raise SystemExit(run(validate, {{ as_python(cookiecutter) }}))
