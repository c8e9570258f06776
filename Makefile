# Two commands set everything up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# the build of torch is yours to choose, for example: make test TORCH="torch --index-url ..."
TORCH ?= torch==2.13.0

# two files of tests at a time, a worker for each processor core of a small machine
WORKERS ?= 2
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: demo test test-long lint tiny bundles docs site engines test-engines newest test-newest clean

demo: $(VENV)/demo
	$(BIN)/dfcan-bmz demo --out demo --overwrite

# what every change has to pass
test: lint
	$(PYTEST)

# the rest: published models, demo, notebook, tutorials, site, wheel, every command of the README, other backends and,
# where `make engines` has set them up, the engines of Fiji and ilastik
test-long: $(VENV)/ready
	$(PYTEST) tests/long

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml packaging/github/*.yml

# the run folder and bundles that the tests share, where something changes in what they hold
tiny: $(VENV)/ready
	KERAS_BACKEND=tensorflow $(BIN)/python tests/tiny/build.py

# every published model as a bundle of four formats, tested in every engine: bundles/NAME.zip
bundles: $(patsubst rdf/%,bundles/%.zip,$(wildcard rdf/*))

bundles/%.zip: $(VENV)/ready packaging/%.yaml $(shell find rdf -type f 2>/dev/null)
	mkdir -p bundles
	$(BIN)/dfcan-bmz package rdf/$* --recipe packaging/$*.yaml --out $@ --overwrite

# the documentation as a site: site/index.html
docs: $(VENV)/ready
	$(BIN)/mkdocs build --strict

# the documentation with the published models on a page that runs them in a browser: site/try/index.html
site: bundles
	DFCAN_TRY=try/index.html $(BIN)/mkdocs build --strict
	$(BIN)/dfcan-bmz page bundles/*.zip --out site/try --runtime bundled

# the engines that Fiji and ilastik carry, in environments of their own on older Pythons
engines: $(VENV)/ready
	$(BIN)/python tests/long/old_engines/environments.py

test-engines: engines
	$(BIN)/pytest tests/long/old_engines

# the newest of the zoo's own tools, over those that pyproject.toml pins: they may warn, and break nothing
newest: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --upgrade --no-deps --target .newest bioimageio.core bioimageio.spec

test-newest: newest
	PYTHONPATH=$(CURDIR)/.newest $(BIN)/pytest -W default tests/bundle

# what the demo needs, and all that tests and documentation need
$(VENV)/demo: EXTRAS := torch
$(VENV)/ready: EXTRAS := dev
$(VENV)/demo $(VENV)/ready: pyproject.toml
	$(PYTHON) -c "import sys; sys.exit('Python 3.11 or newer is needed: make PYTHON=python3.11 ...' if sys.version_info < (3, 11) else 0)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS)]"
	touch $@

clean:
	rm -rf $(VENV) .engines .newest demo bundles dist site .pytest_cache .ruff_cache .import_linter_cache .hypothesis
