"""What each repository renders to, kept in git: `python -m tests.generator.golden` writes it after a change.

The default repository as whole files, one an environment, to be read in a review; the presets as digests.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Final

import yaml

from tests.generator.repositories import PRESETS, Objects, Repository, answers_of, make

FOLDER: Final = Path(__file__).parent / "golden"
DIGESTS: Final = FOLDER / "digests.json"


def text(objects: Objects) -> str:
    """The objects of an environment as one YAML stream, in a stable order."""
    ordered = sorted(objects, key=lambda item: (item["kind"], item["metadata"]["name"]))
    return yaml.safe_dump_all(ordered, sort_keys=True, width=1000)


def digests(repository: Repository) -> dict[str, str]:
    """The digest of each environment's render."""
    return {
        environment: hashlib.sha256(text(objects).encode()).hexdigest()
        for environment, objects in repository.objects.items()
    }


def main() -> None:
    """Write the golden files of the template as it is now."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        default = make(answers_of(None), Path(folder) / "default")
        for environment, objects in default.objects.items():
            (FOLDER / f"{environment}.yaml").write_text(text(objects), encoding="utf-8")
        found = {name: digests(make(answers_of(name), Path(folder) / name)) for name in PRESETS}
    DIGESTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
