# Two commands do everything on a fresh machine with Python 3.11 and make: `make run` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NENGBAO_DATA_DIR ?= $(CURDIR)/var
export NENGBAO_DATA_DIR
# The tests start hundreds of processes; without bytecode each of them compiles all sources again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run install test lint types imports tests test-spark browser soak fuzz bench screenshots audit lock clean

run: install
	@exec $(BIN)/nengbao serve

install: $(VENV)/.installed
	@$(BIN)/pybabel -q compile -d locales -D nengbao

$(VENV)/.installed: requirements.lock pyproject.toml hatch_build.py | $(VENV)/bin/python
	@echo "Installing locked dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing: apt-get install python3-venv"; exit 1; }

$(VENV)/.tools: requirements-dev.lock $(VENV)/.installed
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

test: install $(VENV)/.tools browser lint types imports tests

browser:
	@command -v chromium >/dev/null 2>&1 || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  echo "Installing Debian's chromium ..."; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; fi; \
	command -v chromium >/dev/null 2>&1 || echo "!! chromium is missing and cannot be installed: THE BROWSER TESTS WILL NOT RUN"

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

imports:
	$(BIN)/lint-imports

tests:
	$(BIN)/python -m pytest

# Spark against one machine; pandas, which its extra brings, stays out of $(VENV). Skips, and says why, where Java is missing.
test-spark: install
	@test -d .venv-spark || $(PYTHON) -m venv .venv-spark
	@.venv-spark/bin/python -m pip install -q --disable-pip-version-check -e '.[spark,dev]'
	.venv-spark/bin/python -m pytest tests/spark -m slow -n 0 -rs

# What the tests do with fewer: a hundred kills -9 while people talk; thirty and two hundred chats in each way that Telegram's messages come;
# five switches between those ways and back, and between servers; two thousand messages of five hundred chats at once, with figures; every word at every question; every
# hostile file at every form of a desk.
soak: install $(VENV)/.tools
	NENGBAO_KILLS=100 $(BIN)/python -m pytest tests/doors/test_crash.py
	NENGBAO_KILLS=30 NENGBAO_CHATS=200 NENGBAO_EVERY=1 $(BIN)/python -m pytest tests/telegram/test_kills.py tests/conversation/test_every_word.py tests/desk/test_hostile_files.py
	NENGBAO_SWITCHES=5 $(BIN)/python -m pytest tests/telegram/test_switching.py tests/telegram/test_many_servers.py
	NENGBAO_BURST=500 $(BIN)/python -m pytest -n 0 -s tests/telegram/test_bursts.py

# Known weaknesses of what we install. Fails as well when it could not be looked up, so that silence is never taken for safety.
audit:
	@test -d .venv-audit || $(PYTHON) -m venv .venv-audit
	@.venv-audit/bin/python -m pip install -q --disable-pip-version-check pip-audit
	@.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock \
	  || { echo "The audit found something, or could not be made: see above."; exit 1; }

# The pictures of the README and of the coordinators' guide, from the running program.
screenshots: install $(VENV)/.tools browser
	@$(BIN)/python -m tests.screenshots

# A million random rows over a hundred random packs, in columns and one by one; every reader of what comes from outside, led by the code that
# its inputs reach; about an hour and a quarter. The tool for the latter lives in an environment of its own.
fuzz: install $(VENV)/.tools
	@$(BIN)/python -m tests.fuzz
	NENGBAO_EXAMPLES=500 $(BIN)/python -m pytest -n 0 tests/doors/test_whole_api.py
	@test -d .venv-fuzz || $(PYTHON) -m venv .venv-fuzz
	@.venv-fuzz/bin/python -m pip install -q --disable-pip-version-check -e '.[bulk]' 'atheris>=2.3'
	@.venv-fuzz/bin/python -m tests.fuzz.guided

# Ratios within one run, written to benchmarks/RESULTS.md; OpenFisca lives in an environment of its own.
bench: install $(VENV)/.tools
	@test -d .venv-bench || $(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install -q --disable-pip-version-check -e '.[bulk,bench]'
	@.venv-bench/bin/python -m benchmarks.run --write

# Written by hand when dependencies change; no registry's address gets into the files.
lock: $(VENV)/.tools
	$(BIN)/pip-compile -q --upgrade $(LOCK) --extra bulk --extra print -o requirements.lock pyproject.toml
	$(BIN)/pip-compile -q --upgrade $(LOCK) --extra bulk --extra print --extra postgres --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

LOCK := --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe \
  --no-header --annotation-style=line --all-build-deps

clean:
	rm -rf $(VENV) .venv-bench .venv-spark .venv-audit .venv-fuzz build dist
