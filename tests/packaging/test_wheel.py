"""A wheel built from a clean export of the sources."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.conftest import tracked_files

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(clean_export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Left behind by whoever imported the template's Python; must not be shipped.
    stray = clean_export / "template" / "hooks" / "__pycache__"
    stray.mkdir(exist_ok=True)
    (stray / "pre_gen_project.cpython-311.pyc").write_bytes(b"stray")
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", out, clean_export],
        stdin=subprocess.DEVNULL, check=True, timeout=1500,
    )  # fmt: skip
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files, byte-compiled as pip does it; the dependencies come from the test environment."""
    target = tmp_path_factory.mktemp("installed")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--compile", "--target", target, wheel],
        stdin=subprocess.DEVNULL, check=True, timeout=600,
    )  # fmt: skip
    return target


def run(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd, env={**os.environ, "PYTHONPATH": str(installed)}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_it_is_for_one_platform_and_any_python_3(wheel: Path) -> None:
    name, version, python, abi, platform = wheel.stem.split("-")
    assert (name, version) == ("kustodian", "0.1.0")
    assert (python, abi) == ("py3", "none")
    assert platform != "any"


@pytest.mark.parametrize(("folder", "inside"), [("template", "_template"), ("policies", "_policies")])
def test_template_and_policies_are_whole(
    folder: str, inside: str, clean_export: Path, names: set[str]
) -> None:
    # tracked_files would ask git about the export, which is no repository: read the real one.
    from tests.packaging.conftest import ROOT

    expected = {f"kustodian/{inside}/{name.as_posix()}" for name in tracked_files(ROOT / folder)}
    assert expected
    assert {name for name in names if name.startswith(f"kustodian/{inside}/")} == expected
    if folder == "template":
        assert any("/." in name for name in expected), "the template's dotfiles"


def test_engine_and_schemas_are_in_it(wheel: Path, names: set[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        mode = archive.getinfo("kustodian/_build/kustodian-engine").external_attr >> 16
    assert mode & stat.S_IXUSR
    assert "kustodian/_build/crds/index.json" in names
    assert "kustodian/_build/crds/keda.sh/ScaledObject_v1alpha1.json" in names


def test_nothing_else_is_in_it(names: set[str]) -> None:
    assert {name.split("/")[0] for name in names} == {"kustodian", "kustodian-0.1.0.dist-info"}
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".stamp", ".go"))]
    assert not [
        name for name in names if name.startswith(("kustodian/tests/", "kustodian/_build/crds/tests"))
    ]
    assert "kustodian-0.1.0.dist-info/licenses/LICENSE" in names


def test_the_installed_package_finds_its_own_files(installed: Path, tmp_path: Path) -> None:
    code = (
        "from kustodian.model import installed_files as r\n"
        "for path in (r.template_dir(), r.engine_binary()): print(path)\n"
    )
    done = run(installed, tmp_path, "-c", code)
    assert done.stderr == ""
    assert [
        Path(line).relative_to(installed / "kustodian").as_posix() for line in done.stdout.splitlines()
    ] == ["_template", "_build/kustodian-engine"]


def test_the_version_needs_no_heavy_import(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "-X", "importtime", "-m", "kustodian", "--version")
    assert done.stdout == "kustodian 0.1.0\n"
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert not imported & {"pydantic", "cookiecutter", "typer", "rich", "jinja2", "ruamel", "git"}


def test_a_byte_compiled_template_leaves_no_bytecode_in_a_repository(installed: Path, tmp_path: Path) -> None:
    assert list((installed / "kustodian" / "_template").rglob("__pycache__")), (
        "pip compiles the template's Python"
    )
    done = run(installed, tmp_path, "-m", "kustodian", "new", "iris", "--defaults", "--no-git", "--no-check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "iris" / "kustodian.yaml").is_file()
    assert not list((tmp_path / "iris").rglob("__pycache__"))


def test_the_html_reports_style_script_and_templates_are_in_it(names: set[str]) -> None:
    from tests.packaging.conftest import ROOT

    folder = ROOT / "generator" / "kustodian" / "report" / "html"
    parts = {file.name for file in folder.iterdir() if file.suffix in (".css", ".js", ".j2")}
    assert "page.html.j2" in parts and {f"kustodian/report/html/{part}" for part in parts} <= names
