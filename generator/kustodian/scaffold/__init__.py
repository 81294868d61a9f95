"""From answers to a repository.

What may be answered is the template's to say (cookiecutter.json, conflicts.yaml, the formats): its package
`kustodian_template` is imported from the template's own folder, as the template's hooks do.
"""

from __future__ import annotations

import sys

from kustodian.model.installed_files import template_dir

_TEMPLATE = str(template_dir())
if _TEMPLATE not in sys.path:
    sys.path.append(_TEMPLATE)
