"""`python -m benchmarks`: build the peers, run the cases, print tables."""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import inputs
from benchmarks.measure import Contender, interleave, peak_memory, table
from benchmarks.schemas import standalone
from tests.support.peers import ROOT, build_peer

VERSION = "1.34"
#: What is aimed at, as a part of the reference; the gate allows twice as much.
TARGETS = {"default": 0.8, "default, with kubeconform": 0.5, "kubeflow": 0.15, "fleet": 0.10, "large": 0.1}
US = "kustodian check"


class Cases:
    """The cases; each prints its table and returns ratio by name of target."""

    def __init__(self, folder: Path, runs: int, checkov: Path | None) -> None:
        self.folder, self.runs, self.checkov = folder, runs, checkov
        self.peers = {
            name: build_peer(name) for name in ("kustomize", "conftest", "kube-score", "kubeconform")
        }

    def default(self) -> dict[str, float]:
        root = inputs.default_repository(self.folder)
        schemas = standalone(self.folder / "schemas", VERSION)
        overlays = "overlays/dev overlays/staging overlays/prod"
        k, p = self.peers["kustomize"], self.peers
        rego = f'"{k}" build $o | "{p["conftest"]}" test -p policies/rego - '
        score = f'"{k}" build $o | "{p["kube-score"]}" score - '
        conform = (
            f'"{k}" build $o | "{p["kubeconform"]}" -strict -ignore-missing-schemas -schema-location '
            f'"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json" -'
        )
        loops = {
            "loop": f"for o in {overlays}; do {rego}; {score}; done",
            "loop, with kubeconform": f"for o in {overlays}; do {rego}; {score}; {conform}; done",
        }
        contenders = [
            self._ours(root),
            Contender("loop", ["sh", "-c", loops["loop"]], root, "Rego; kube-score's checks"),
            Contender(
                "loop, with kubeconform", ["sh", "-c", loops["loop, with kubeconform"]], root,
                "the same and schemas",
            ),
        ]  # fmt: skip
        if self.checkov is not None:
            contenders.append(
                Contender(
                    "checkov -d", [self.checkov, "-d", root, "--quiet", "--compact"], root, "checkov's checks"
                )
            )
        interleave(contenders, self.runs)
        print(table("default: the repository for the default answers", contenders, "loop"))
        ours, loop, conformed = (contender.median for contender in contenders[:3])
        return {"default": ours / loop, "default, with kubeconform": ours / conformed}

    def kubeflow(self) -> dict[str, float]:
        corpus = os.environ.get("KUSTODIAN_CORPUS")
        if not corpus:
            print("### kubeflow: left out, KUSTODIAN_CORPUS names no folder\n")
            return {}
        root = self.folder / "kubeflow"
        shutil.copytree(Path(corpus, "kubeflow-manifests"), root)
        for directory, _, _ in os.walk(root):
            Path(directory).chmod(0o755)
        names = Path(corpus, "kubeflow-renderable.txt").read_text().split()
        (root / "list.txt").write_text("\n".join(names))
        (root / "policies").mkdir(exist_ok=True)
        (root / "policies" / "main.rego").write_text(inputs._POLICY)
        (root / "kustodian.yaml").write_text("rego: {policy: [policies]}\n")
        return self._against_loop(
            "kubeflow",
            root,
            [US, *names],
            "list.txt",
            f"{len(names)} kustomizations of a real repository",
            "policies",
        )

    def fleet(self) -> dict[str, float]:
        root = inputs.fleet(self.folder, 1000)
        (root / "list.txt").write_text("\n".join(f"overlays/o{number}" for number in range(1000)))
        return self._against_loop(
            "fleet", root, [US], "list.txt", "1,000 overlays over 50 bases", "policies/rego"
        )

    def large(self) -> dict[str, float]:
        root = inputs.large(self.folder)
        contenders = [
            self._ours(root),
            Contender("kustomize build", [self.peers["kustomize"], "build", "."], root, "nothing"),
        ]
        interleave(contenders, self.runs)
        print(table("large: one kustomization with 4,000 objects", contenders, "kustomize build"))
        return {"large": contenders[0].median / contenders[1].median}

    def scaling(self) -> dict[str, float]:
        times = []
        for size in (10, 100, 1000, 3000):
            contender = self._ours(inputs.fleet(self.folder / "scaling", size))
            interleave([contender], self.runs)
            times.append((size, contender.median))
        print(
            "### scaling: overlays and seconds\n\n| overlays | median s | ms an overlay |\n|---:|---:|---:|"
        )
        start = times[0][1]
        for size, seconds in times:
            print(f"| {size} | {seconds:.2f} | {1000 * (seconds - start) / size:.2f} |")
        print()
        return {}

    def _ours(self, root: Path, *arguments: str) -> Contender:
        command = [inputs.KUSTODIAN, "check", *arguments]
        return Contender(US, command, root, "schemas, all rules, Rego, source lines", accepted=(0, 1, 3))

    def _against_loop(
        self, case: str, root: Path, ours: list[str], names: str, title: str, policies: str
    ) -> dict[str, float]:
        one = f'"{self.peers["kustomize"]}" build $0 | "{self.peers["conftest"]}" test -p {policies} -'
        loop = f"xargs -P2 -n1 sh -c '{one}' <{names} || true"
        contenders = [
            self._ours(root, *ours[1:]),
            Contender("kustomize | conftest", ["sh", "-c", loop], root, "Rego"),
        ]
        interleave(contenders, self.runs)
        print(table(f"{case}: {title}", contenders, "kustomize | conftest"))
        return {case: contenders[0].median / contenders[1].median}


def main() -> int:
    """Run what the command line asks for."""
    cases: dict[str, Callable[[Cases], dict[str, float]]] = {
        "default": Cases.default, "kubeflow": Cases.kubeflow, "fleet": Cases.fleet, "large": Cases.large,
        "scaling": Cases.scaling,
    }  # fmt: skip
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--case", action="append", choices=sorted(cases), help="only this one; may be repeated"
    )
    parser.add_argument("--runs", type=int, default=5, help="of each contender (default: 5)")
    parser.add_argument("--gate", action="store_true", help="exit 1 where a ratio is twice what is aimed at")
    parser.add_argument("--checkov", type=Path, metavar="PROGRAM", help="compare with checkov, too")
    arguments = parser.parse_args()
    compileall.compile_dir(ROOT / "generator" / "kustodian", quiet=1)
    ratios: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="kustodian-bench-") as folder:
        runner = Cases(Path(folder), arguments.runs, arguments.checkov)
        print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores\n")
        for name in arguments.case or cases:
            ratios |= cases[name](runner)
    print(f"peak memory of one process: {peak_memory()} MiB\n")
    missed = {name: ratio for name, ratio in ratios.items() if ratio > 2 * TARGETS[name]}
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.2f}, aimed at {TARGETS[name]}")
    if arguments.gate and missed:
        print(f"beyond twice the aim: {', '.join(missed)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
