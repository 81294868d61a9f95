"""Remove unused files; write the overlays, the policies and the record of the answers."""

from __future__ import annotations

import json
import sys
from functools import partial

sys.dont_write_bytecode = True
sys.path.insert(0, json.loads({{ as_python(template_root) }}))

from kustodian_template.finish import finish  # noqa: E402
from kustodian_template.hook import run  # noqa: E402

version = json.loads({{ as_python(cookiecutter._kustodian_version) }})
raise SystemExit(run(partial(finish, version=version), {{ as_python(cookiecutter) }}))
