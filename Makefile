# make run · make test · make check · make bench — each works on a fresh machine.
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2

.PHONY: run test check bench format lock clean

run: .venv/ready
	$(BIN)/python server.py

test: check .venv/ready-test
	.ci/packages
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -q

check: .venv/ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/sizes.py perfsvc plugins
	$(BIN)/python .ci/words.py perfsvc plugins docs README.md CONTRIBUTING.md CHANGELOG.md

bench: .venv/ready-test .venv-bench/ready
	.ci/packages
	$(BIN)/python -m benchmarks $(ARGS)

format: .venv/ready-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# A stale *.egg-info in the root would win over the installed metadata: it is removed before every install.
.venv/ready: setup.py requirements.lock
	$(PYTHON) -m venv .venv
	rm -rf *.egg-info
	$(BIN)/pip install --quiet --disable-pip-version-check -c requirements.lock -e .
	touch $@

.venv/ready-test: setup.py requirements.lock
	$(PYTHON) -m venv .venv
	rm -rf *.egg-info
	$(BIN)/pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[test]'
	touch .venv/ready $@

# What perfsvc is compared with has an environment of its own.
.venv-bench/ready: Makefile
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --disable-pip-version-check locust==2.47.0 websocket-client==1.9.2
	touch $@

# Writes what is installed as the new lock: names and versions, no addresses.
lock: .venv/ready-test
	$(BIN)/pip list --format=freeze --exclude-editable --exclude pip > requirements.lock

clean:
	rm -rf .venv .venv-bench build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
