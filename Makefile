# make run · make test · make check · make bench · make ui — each works on a fresh machine.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/python .ci/install.py -c requirements.lock
WORKERS ?= 3
URL ?= http://127.0.0.1:8000
# Hundreds of processes are started in tests: without bytecode on disk, each takes twice as long to start.
export PYTHONDONTWRITEBYTECODE :=
# The package that brings Node.js; empty where the machine has one that is new enough.
NODE := $(shell $(PYTHON) static/build.py missing-node)
UI = $(if $(NODE),$(BIN)/python,$(PYTHON)) static/build.py
NPM = $(UI) npm

.PHONY: run test check check-python check-ui check-pages bench fuzz faults format lock clean ui ui-dist ui-tools node packages browser screenshots

# Packages and web UI are made side by side: each waits for the network most of its time.
run:
	@$(MAKE) --no-print-directory -j2 .venv/ready ui-dist
	@echo "perfsvc: starting …"
	@$(BIN)/python server.py

# The web UI with live reload, for a service that runs at URL.
ui: node
	PERFSVC_URL=$(URL) $(NPM) run dev

# Does nothing when it is up to date.
ui-dist: node
	@$(UI)

# The same, with what the checks of the UI need: what is built needs less.
ui-tools: node
	@$(UI) tools

# As root it installs the Debian packages that tests need.
packages:
	@.ci/packages

browser:
	@.ci/packages chromium-headless-shell

node: $(if $(NODE),.venv/uv)
	@[ -z "$(NODE)" ] || $(UV) "$(NODE)"

test:
	@$(MAKE) --no-print-directory -j3 .venv/ready-test ui-tools packages
	@$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope -q

check:
	@$(MAKE) --no-print-directory -j3 .venv/ready-test ui-tools browser
	@$(MAKE) --no-print-directory -j2 --output-sync check-python check-ui check-pages

check-python: .venv/ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/circles.py perfsvc perfsvc_protocols perfsvc_datasources
	$(BIN)/python .ci/sizes.py perfsvc plugins
	$(BIN)/python .ci/words.py perfsvc plugins tests benchmarks examples docs README.md CONTRIBUTING.md CHANGELOG.md

check-ui: ui-tools
	$(NPM) run --silent check
	$(NPM) test --silent

# The UI as it is built, in a browser.
check-pages: .venv/ready-test ui-tools browser
	$(BIN)/python .ci/smoke.py

# Every page and dialog in both languages, both themes and two widths: build/screenshots. PICTURES takes a part of them.
screenshots: .venv/ready-test ui-dist packages
	$(BIN)/python .ci/screenshots.py $(PICTURES)

bench: .venv/ready-test .venv-bench/ready packages
	$(BIN)/python -m benchmarks $(ARGS)

# A running service gets CASES requests made up from its own description, as administrator and as viewer.
fuzz: .venv/ready-test .venv-fuzz/ready
	$(BIN)/python .ci/fuzz.py $(CASES)

# Kills, stops and starves each part while a run goes on, REPEATS times: what was sent, counted, said to be lost.
faults: .venv/ready-test packages
	$(BIN)/python .ci/faults.py --repeats $(or $(REPEATS),1) --side-by-side $(or $(SIDE_BY_SIDE),4)

format: .venv/ready-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv/uv: requirements.lock
	@echo "Python: making .venv …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -c requirements.lock uv
	@touch $@

# A stale *.egg-info in the root would win over the installed metadata: it is removed before every install.
# The UI has a rule of its own.
.venv/ready: setup.py requirements.lock | .venv/uv
	@echo "Python: installing packages …"
	@rm -rf *.egg-info
	@PERFSVC_SKIP_UI=1 $(UV) -e .
	@touch $@

.venv/ready-test: setup.py requirements.lock | .venv/uv
	@echo "Python: installing packages, those for tests too …"
	@rm -rf *.egg-info
	@PERFSVC_SKIP_UI=1 $(UV) -e '.[test]'
	@touch .venv/ready $@

# What perfsvc is compared with has an environment of its own.
.venv-bench/ready: Makefile
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --disable-pip-version-check locust==2.47.0 websocket-client==1.9.2
	touch $@

# schemathesis has an environment of its own, as it wants other versions of packages that tests use.
.venv-fuzz/ready: Makefile
	$(PYTHON) -m venv .venv-fuzz
	.venv-fuzz/bin/pip install --quiet --disable-pip-version-check schemathesis==4.32.5
	touch $@

# Writes what is installed as the new lock: names and versions, no addresses.
lock: .venv/ready-test
	$(BIN)/pip list --format=freeze --exclude-editable --exclude pip > requirements.lock

clean:
	rm -rf .venv .venv-bench .venv-fuzz build dist static/dist static/node_modules *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
