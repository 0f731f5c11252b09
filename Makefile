# Everything one does here has a name; `make run` and `make test` set up what is missing.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

VENVS := .corent/venvs
UV := $(VENVS)/uv/bin/uv
DEV := $(VENVS)/dev/bin
SAM := SAM_CLI_TELEMETRY=0 $(VENVS)/sam/bin/sam
# What our own programs import: the functions' packages, as their layers bring them.
PACKAGES := .:layers/corent/python:layers/pages/python
BALANCE_CENTS ?= 5000
# Processor of the functions on AWS.
ARCH ?= arm64
export PATH := $(CURDIR)/$(DEV):$(PATH)

.PHONY: run
run: stack-tools ## Start everything here, make a first image, serve until Ctrl-C
	@exec $(DEV)/python -m local.stack run

.PHONY: test
test: stack-tools browser $(VENVS)/clients.stamp $(VENVS)/langchain.stamp ## Run every test, those on the local stack, in a browser and of the clients too
	$(DEV)/python -m pytest
	@$(MAKE) --no-print-directory test-clients

.PHONY: test-clients
test-clients: stack-tools $(VENVS)/clients.stamp ## Run the tests of clients/python, in an environment of their own and on the local stack
	cd clients/python && $(CURDIR)/$(VENVS)/clients/bin/python -m pytest

.PHONY: screenshots
screenshots: stack-tools browser ## Take the pictures of docs/images anew, by the test that walks through the dashboard
	CORENT_SCREENSHOTS=docs/images $(DEV)/python -m pytest -q tests/stack/test_dashboard.py -k person

.PHONY: test-fast
test-fast: $(VENVS)/dev.stamp ## Run the tests that need no stack and no browser
	$(DEV)/python -m pytest --ignore=tests/stack --ignore=tests/browser

.PHONY: run-headless
run-headless: stack-tools ## Start everything in the background and return when it is ready
	@$(DEV)/python -m local.stack headless

.PHONY: stop
stop: $(VENVS)/dev.stamp ## End the stack of CORENT_PORT
	@$(DEV)/python -m local.stack stop

.PHONY: account
account: $(VENVS)/dev.stamp ## Open an account on the running stack (BALANCE_CENTS=5000)
	@$(DEV)/python -m local.accounts "$(BALANCE_CENTS)"

.PHONY: reconcile
reconcile: $(VENVS)/dev.stamp ## Check the books of the running stack and print the trial balance
	@$(DEV)/python -m local.reconcile

.PHONY: explain
explain: $(VENVS)/dev.stamp ## Explain a job of the running stack with names, and decide its route again (JOB=job_…)
	@$(DEV)/python -m local.explain "$(JOB)"

.PHONY: outage
outage: $(VENVS)/dev.stamp ## Make a model of the running stack's sandbox fail or work (MODEL=sandbox-swift STATUS=failing)
	@$(DEV)/python -m local.outage "$(MODEL)" "$(STATUS)"

.PHONY: sam-local
sam-local: stack-tools ## Run the functions in containers with `sam local`, on the same emulated services
	@exec $(DEV)/python -m local.stack sam-local

.PHONY: sam-events
sam-events: stack-tools ## Send every file of events/ through `sam local invoke`, beside a running `make sam-local`
	@$(DEV)/python -m local.stack sam-events

.PHONY: mutate
mutate: $(VENVS)/mutate.stamp ## Change the ledger a little, again and again, and count how often a unit test fails
	@$(VENVS)/mutate/bin/python -m local.mutation

.PHONY: check
check: $(VENVS)/dev.stamp $(VENVS)/sam.stamp $(VENVS)/clients.stamp node_modules/.stamp ## Format, lint, types, import rules, template, state machines
	$(DEV)/ruff format --check .
	$(DEV)/ruff check .
	$(DEV)/mypy
	cd clients/python && $(CURDIR)/$(VENVS)/clients/bin/python -m mypy
	PYTHONPATH=$(PACKAGES) $(DEV)/lint-imports
	PYTHONPATH=$(PACKAGES) $(DEV)/python -m local.openapi --check
	PYTHONPATH=$(PACKAGES) $(DEV)/python -m local.tools --check
	AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint
	shopt -s nullglob; for machine in statemachines/*.asl.json; do node_modules/.bin/asl-validator --json-path "$$machine"; done

.PHONY: bench
bench: bench-requests bench-delays bench-costs bench-books bench-routing bench-client ## Run the six benchmarks one after the other

.PHONY: bench-requests
bench-requests: $(VENVS)/runtime.stamp ## Measure the request path against stand-ins on loopback
	@PYTHONPATH=.:layers/corent/python $(VENVS)/runtime/bin/python -m benchmarks.request_path

.PHONY: bench-delays
bench-delays: stack-tools ## Measure on a stack how soon after a job's end its webhook and its stream tell of it
	@PYTHONPATH=.:layers/corent/python $(DEV)/python -m benchmarks.job_delays

.PHONY: bench-costs
bench-costs: $(VENVS)/dev.stamp ## Count what a job takes of AWS, and price it
	@PYTHONPATH=.:layers/corent/python $(DEV)/python -m benchmarks.job_costs

.PHONY: bench-books
bench-books: $(VENVS)/dev.stamp $(VENVS)/emulator.stamp ## Count what the daily check reads of a day of 10,000 operations
	@PYTHONPATH=.:layers/corent/python $(DEV)/python -m benchmarks.books

.PHONY: bench-routing
bench-routing: $(VENVS)/dev.stamp ## Play months of failing upstreams and compare routing with plain rivals and an oracle
	@PYTHONPATH=.:layers/corent/python $(DEV)/python -m benchmarks.routing

.PHONY: bench-client
bench-client: $(VENVS)/clients.stamp ## Measure what `import corent` costs a program, against `import openai`
	@PYTHONPATH=clients/python/src $(VENVS)/clients/bin/python benchmarks/client_import.py

.PHONY: openapi
openapi: $(VENVS)/dev.stamp ## Write the one OpenAPI document and the tool specifications anew from the functions
	@PYTHONPATH=$(PACKAGES) $(DEV)/python -m local.openapi
	@PYTHONPATH=$(PACKAGES) $(DEV)/python -m local.tools

.PHONY: samples
samples: $(VENVS)/dev.stamp ## Record the API reference's samples anew on the running stack (started with CORENT_ALLOW_LOOPBACK=1)
	@$(DEV)/python -m local.samples

.PHONY: deploy
deploy: $(VENVS)/dev.stamp $(VENVS)/sam.stamp ## Build for ARCH and deploy to AWS (asks before it changes anything)
	CORENT_BUILD_FOR=$(ARCH) CORENT_UV=$(CURDIR)/$(UV) $(SAM) build --parameter-overrides Arch=$(ARCH)
	$(SAM) deploy --guided --parameter-overrides Stage=prod Arch=$(ARCH)

.PHONY: clean
clean: stop ## End the stack and delete everything that was made here
	rm -rf .corent .aws-sam node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# ---- set-up ---------------------------------------------------------------------------------------------------

.PHONY: stack-tools
stack-tools: $(VENVS)/dev.stamp $(VENVS)/emulator.stamp $(VENVS)/sam.stamp

$(UV): requirements/uv.txt
	@python3.13 -c "" 2>/dev/null || { echo "Corent needs Python 3.13: install it so that python3.13 is on the PATH, then run make again." >&2; exit 1; }
	@rm -rf $(VENVS)/uv && python3.13 -m venv $(VENVS)/uv
	@$(VENVS)/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENVS)/%.stamp: requirements/%.txt $(UV)
	@echo "Setting up $* …"
	@test -x $(VENVS)/$*/bin/python || $(UV) venv --quiet --python python3.13 $(VENVS)/$*
	@$(UV) pip sync --quiet --require-hashes --python $(VENVS)/$*/bin/python $<
	@touch $@

.PHONY: browser
browser: $(VENVS)/browser.stamp .corent/browser/stamp ## Set up the browser for tests, and what judges pages there (CORENT_BROWSER names another browser)

# Laid on top of dev, whose own sync removes it: so it is laid anew after that.
$(VENVS)/browser.stamp: requirements/browser.txt $(VENVS)/dev.stamp $(UV)
	@echo "Setting up browser …"
	@$(UV) pip install --quiet --require-hashes --python $(VENVS)/dev/bin/python -r $<
	@touch $@

.corent/browser/stamp: tests/browser/package-lock.json tests/browser/unpack.mjs
	@command -v npm >/dev/null || { echo "make test needs npm (Node 18 or later) for its browser." >&2; exit 1; }
	@mkdir -p $(@D) && cp tests/browser/package.json tests/browser/package-lock.json $(@D)
	@npm ci --prefix $(@D) --silent --no-audit --no-fund --ignore-scripts --no-engine-strict
	@node tests/browser/unpack.mjs $(@D)/node_modules/@sparticuz/chromium $(@D)/chromium
	@cp $(@D)/node_modules/axe-core/axe.min.js $(@D)/axe.js
	@rm -rf $(@D)/node_modules
	@touch $@

# What the functions have on Lambda and no more: a package beside them can change what they import.
$(VENVS)/runtime.stamp: layers/deps/requirements.txt $(UV)
	@test -x $(VENVS)/runtime/bin/python || $(UV) venv --quiet --python python3.13 $(VENVS)/runtime
	@$(UV) pip sync --quiet --compile-bytecode --require-hashes --python $(VENVS)/runtime/bin/python $<
	@touch $@

node_modules/.stamp: package-lock.json
	@command -v npm >/dev/null || { echo "make check needs npm (Node 18 or later) for the state machine linter." >&2; exit 1; }
	@npm ci --silent --no-audit --no-fund
	@touch $@

.PHONY: lock
lock: $(UV) ## Write the locked requirements anew (UPGRADE=--upgrade takes newer versions)
	@compile() { $(UV) pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-header --no-annotate $(UPGRADE) "$$@"; }; \
	cd . && compile layers/deps/requirements.in -o layers/deps/requirements.txt; \
	compile layers/sandbox/requirements.in -o layers/sandbox/requirements.txt; \
	compile layers/sandbox_videos/requirements.in -o layers/sandbox_videos/requirements.txt; \
	compile layers/stream/requirements.in -o layers/stream/requirements.txt; \
	compile layers/stripe/requirements.in -c layers/deps/requirements.txt -o layers/stripe/requirements.txt; \
	compile layers/pages/requirements.in -c layers/deps/requirements.txt -o layers/pages/requirements.txt; \
	for name in uv emulator sam; do compile requirements/$$name.in -o requirements/$$name.txt; done; \
	compile requirements/dev.in -c layers/deps/requirements.txt -c layers/sandbox/requirements.txt -c layers/sandbox_videos/requirements.txt \
	  -c layers/stream/requirements.txt -c layers/stripe/requirements.txt -c layers/pages/requirements.txt \
	  -o requirements/dev.txt; \
	for name in browser clients langchain mutate; do compile requirements/$$name.in -c requirements/dev.txt -o requirements/$$name.txt; done

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16
