"""Write everything that is generated and committed; with --check, compare instead and fail on a difference.

Generated: docs/rules/ from the rules' docstrings, docs/schemas/ from the models, the sample application
(base/, components/, overlays/, argocd/, kustodian.yaml) from the template's default answers,
policies/admission/ from the rules.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "generator"))

#: The parts of the default repository that are committed at the root: what `kustodian check` needs.
DEFAULT_REPOSITORY = ("base", "components", "overlays", "argocd", "kustodian.yaml")
#: Says what the committed folders of the sample are; generated repositories have no such notice.
NOTICE = """\
This folder is part of the sample application: the output of `template/` for the default answers, with this notice
added. Do not edit it. Change the template and run `make generate`; CI compares the two.
"""
#: Ends the sample's kustodian.yaml: this repository holds more than a generated one.
EXCLUDE = """
# This file is the template's output for the default answers, with `exclude` added by tests/generate.py.
# Excluded: folders that contain YAML but no manifests to deploy.
exclude: [template, template/*, tests, tests/*, engine, engine/*, .*]
"""


def generated() -> dict[str, str]:
    """Every generated file, by its path below the root."""
    return {**_rule_pages(), **_schemas(), **_default_repository(), **_admission()}


def _rule_pages() -> dict[str, str]:
    from kustodian.policy.catalogue import all_rules
    from kustodian.policy.manual_page import as_markdown

    pages = {f"docs/rules/{rule.id}.md": as_markdown(rule) for rule in all_rules()}
    lines = ["# Rules", "", f"{len(all_rules())} rules. Severity: E error, W warning, I info, - off.", ""]
    topic = ""
    for rule in all_rules():
        if rule.topic != topic:
            topic = rule.topic
            lines += [
                "",
                f"## {topic}",
                "",
                "| rule | what is wrong | dev | staging | prod |",
                "|---|---|---|---|---|",
            ]
        severity = " | ".join(rule.severity.split("/"))
        lines.append(f"| [{rule.id}]({rule.id}.md) | {rule.manual.title} | {severity} |")
    pages["docs/rules/README.md"] = "\n".join(lines) + "\n"
    return pages


def _schemas() -> dict[str, str]:
    from kustodian.policy.config_schema import config_schema
    from kustodian.report.json.check import check_schema
    from kustodian.report.json.diff import diff_schema
    from kustodian.report.json.matrix import matrix_schema
    from kustodian.report.json.where import where_schema
    from kustodian.scaffold.answers.model import Answers

    schemas = {
        "kustodian.yaml": config_schema(),
        "answers": Answers.model_json_schema(by_alias=True),
        "check": check_schema(),
        "diff": diff_schema(),
        "matrix": matrix_schema(),
        "where": where_schema(),
    }
    return {
        f"docs/schemas/{name}.schema.json": json.dumps(schema, indent=2) + "\n"
        for name, schema in schemas.items()
    }


def _admission() -> dict[str, str]:
    from kustodian.cli.commands.export import admission_files
    from kustodian.model.installed_files import engine_binary
    from kustodian.render.engine import Engine
    from kustodian.review.admission import admission_objects
    from kustodian.review.check.options import CheckOptions

    with Engine(engine_binary()) as engine:
        files = admission_files(admission_objects(ROOT, CheckOptions(), engine))
    return {f"policies/admission/{name}": text for name, text in files.items()}


def _default_repository() -> dict[str, str]:
    from kustodian.scaffold.answers.model import Answers
    from kustodian.scaffold.writing.writer import write

    template = ROOT / "template"
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "repository"
        write(Answers(), target, template, lambda _: None)
        files: dict[str, str] = {}
        for part in DEFAULT_REPOSITORY:
            path = target / part
            found = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
            files |= {p.relative_to(target).as_posix(): p.read_text() for p in found}
        files["kustodian.yaml"] += EXCLUDE
        for part in DEFAULT_REPOSITORY:
            if (target / part).is_dir():
                _add_notice(files, part)
        return files


def _add_notice(files: dict[str, str], folder: str) -> None:
    """Put the notice below the title of the folder's README.md, which is made if the template has none."""
    readme = f"{folder}/README.md"
    title, _, text = files.get(readme, f"# {folder}\n").partition("\n")
    files[readme] = f"{title}\n\n{NOTICE}{text}"


def _stale(files: dict[str, str]) -> list[str]:
    """Committed files of generated folders that nothing generates any more."""
    folders = {"docs/rules", "docs/schemas", "policies/admission", *DEFAULT_REPOSITORY}
    committed = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    return sorted(committed - set(files))


def main() -> int:
    """Write, or with --check compare."""
    files = generated()
    stale = _stale(files)
    changed = [
        name
        for name, text in files.items()
        if not (ROOT / name).is_file() or (ROOT / name).read_text() != text
    ]
    if "--check" in sys.argv:
        for name in [*changed, *stale]:
            print(f"not up to date: {name}")
        print("run `make generate`" if changed or stale else f"{len(files)} generated files are up to date")
        return 1 if changed or stale else 0
    for name in changed:
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(files[name])
    for name in stale:
        (ROOT / name).unlink()
    print(f"{len(changed)} written, {len(stale)} removed, {len(files) - len(changed)} unchanged")
    return 0


if __name__ == "__main__":
    sys.exit(main())
