# Everything starts here; `make` alone lists the targets. Needs Python 3.11 or newer and nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
SETUP := $(PYTHON) -m tools.bootstrap --for
PYTEST := $(BIN)/pytest
COMPILE := $(BIN)/pip-compile --quiet --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
# Options for one's own runs: make test ARGS='-k store -x'
ARGS ?=
K ?=
# For two processors: tests wait for a third of their time.
JOBS ?= 3
# Tests start Cauce many times over; compiling it each time, as some environments ask for, takes longer than the tests.
test test-connector bench soak: export PYTHONDONTWRITEBYTECODE =
# Tests of whole installations run after the others; tests of speed and endurance have targets of their own.
ALONE := e2e or kill or compose
ALONE_IN := -o testpaths="tests/e2e tests/compose"
# The order is that of tests/conftest.py.
SHARED := --dist loadfile --no-loadscope-reorder
LONG := bench or soak or pictures
PACKAGES := activities api cauce connectors definitions demo schemas tools workflows
# What failed, if it is little, is run once more and alone. What passes then got in another's way on a busy machine: it is
# told, and wants to be mended, but whoever changed something else need not wait for that.
FEW_FAILED := $(BIN)/python -c 'import json, sys; sys.exit(len(json.load(open(".pytest_cache/v/cache/lastfailed"))) > 3)'
HALF = ($(PYTEST) -n $(JOBS) $(SHARED) $(1) $(ARGS) || { code=$$?; \
	[ $$code -eq 1 ] && $(FEW_FAILED) || exit $$code; \
	echo "Once more, alone, what failed. What passes now is unsteady: please mend it."; \
	$(PYTEST) -n 0 --last-failed --last-failed-no-failures none $(1) $(ARGS); })

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk 'BEGIN {FS = ":.*## "} {printf "  %-16s %s\n", $$1, $$2}'

.PHONY: setup
setup: ## Make .venv with everything in it; seconds when nothing changed
	@$(SETUP) work

.PHONY: setup-demo
setup-demo:
	@$(SETUP) demo

.PHONY: setup-test
setup-test:
	@$(SETUP) test

.PHONY: demo
demo: setup-demo ## Start everything with the demo company, feed leads, show a summary and the URL
	@$(BIN)/cauce demo $(ARGS)

.PHONY: test
test: setup-test ## Set up, then run every test
	@$(BIN)/python -m compileall -q -j 0 $(PACKAGES)  # once, not once in each process
	@a=0; b=0; \
	$(call HALF,-m "not ($(ALONE) or $(LONG))") || a=$$?; \
	$(call HALF,$(ALONE_IN) -m "($(ALONE)) and not ($(LONG))") || b=$$?; \
	if [ $$a -eq 5 ]; then exit $$b; elif [ $$b -eq 5 ]; then exit $$a; fi; exit $$((a > b ? a : b))  # 5: none selected

.PHONY: test-connector
test-connector: setup ## Run the contract suite on one connector kind: make test-connector K=echo
	@test -n "$(K)" || { echo "Say which kind: make test-connector K=echo" >&2; exit 2; }
	$(PYTEST) tests/connectors -k "$(K)" $(ARGS)

.PHONY: lint
lint: setup ## Run every static check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/deptry .

.PHONY: check
check: lint test ## Run every check and every test, as CI does

.PHONY: fix
fix: setup ## Format, and mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: versions
versions: setup ## Write down what the versions of the shipped processes consist of, after one was raised
	$(BIN)/python -m tests.architecture.versions

.PHONY: words
words: setup ## Bring the Spanish catalogue up to date with what pages and core say, and list what is to be translated
	$(BIN)/python -m tools.sentences

.PHONY: bench
bench: setup-test ## Compare speeds: engine against hand-written workflows, connectors against bare libraries
	$(PYTEST) -m bench -p no:xdist -s --timeout 1800 $(ARGS)

.PHONY: soak
soak: setup-test ## Run for a long time under load and kills, the acceptance tests on PostgreSQL, and laws on all their examples
	$(PYTEST) -m soak -p no:xdist -s --timeout 14400 $(ARGS)
	CAUCE_TEST_STORE=postgresql $(PYTEST) -m e2e -p no:xdist tests/e2e/acceptance
	CAUCE_TEST_EFFORT=whole $(PYTEST) -m "not ($(LONG))" -n $(JOBS) $(SHARED) tests/unit tests/connectors tests/conformance

.PHONY: pictures
pictures: setup-test ## Make the pictures of README and docs anew, from the demo in a browser
	$(PYTEST) tests/e2e/browser/test_pictures.py -m pictures -p no:xdist -s $(ARGS)

.PHONY: docs
docs: setup ## Check that the documentation says what the code does
	$(PYTEST) tests/architecture -p no:xdist $(ARGS)

.PHONY: pins
pins: setup ## Resolve the pinned requirements again
	$(COMPILE) --output-file=requirements.txt pyproject.toml
	$(COMPILE) --output-file=requirements-setup.txt requirements-setup.in
	$(COMPILE) --output-file=requirements-dev.txt requirements-dev.in

.PHONY: image
image: ## Build the container image
	docker build --tag cauce:local .

.PHONY: clean
clean: ## Remove what set-up and tests made
	rm -rf .venv node_modules demo/erp/node_modules api/static/vendor build dist .*_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
