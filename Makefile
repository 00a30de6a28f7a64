# Everything a person or CI does with this checkout. `make` alone lists it.
# Needs Python 3.11+ on Linux and nothing else: packages, PostgreSQL, Redis and Node.js come as locked wheels.

PY := .venv/bin/python
# Tools that only read the code load the settings too, which insist on real values; these reach nothing.
UNUSED := DATABASE_URL=postgres://unused@127.0.0.1:1/unused REDIS_URL=redis://127.0.0.1:1/0 \
          CUTOVER_SECRET_KEY=unused CUTOVER_HASH_KEY=unused

# Where the caller forbids it, each of hundreds of processes would compile what it imports for itself.
export PYTHONDONTWRITEBYTECODE :=

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench cases soak lock setup setup-demo browser

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
	  || grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST)

demo: ## run everything on this machine, with sandbox clouds, until Ctrl-C (CLEAN=1 begins anew, PORT=8000 is a wish)
	@export HOSTING_BEGAN=$$(date +%s); $(MAKE) --no-print-directory setup-demo && \
	  CLEAN="$(CLEAN)" PORT="$(PORT)" exec $(PY) -m hosting.demo

test: setup ## set up what is missing, then run every check and every test
	@# One waits for the network, the other for the processor.
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target browser check
	@$(PY) -m pytest -n 3 --no-loadscope-reorder $(ARGS)

check: setup ## lint, types, layers, templates, migrations and generated pages, without running a test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(UNUSED) $(PY) -m mypy .
	.venv/bin/lint-imports
	$(PY) -m djlint templates --lint --check --quiet
	DJANGO_SETTINGS_MODULE=tests.settings $(PY) manage.py makemigrations --check --dry-run
	$(PY) -m cutover.phases --check docs/phases.md

format: setup ## format Python and templates in place
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	-$(PY) -m djlint templates --reformat --quiet

bench: setup ## measure against the bars (ONLY=comparison picks a group); writes var/bench.json
	$(PY) -m bench $(ONLY)

cases: setup ## run recorded functions on both halves of the sandbox (CASES=DIR REPOS=DIR, ONLY=ids); writes var/cases.json
	@$(PY) -m tests.cases $(CASES) $(REPOS) $(ONLY)

soak: setup ## run the long proofs: kills at random moments, load
	$(PY) -m pytest -m soak --timeout=3600 $(ARGS)

setup: ## install the locked packages for development into .venv
	@python=$$(hosting/find-python) && "$$python" hosting/install.py dev

setup-demo:
	@python=$$(hosting/find-python) && "$$python" hosting/install.py demo

browser: setup ## have Chromium (through apt-get, if root), axe-core and the SDKs that tests and functions use
	@$(PY) -m hosting.chromium
	@$(PY) -m hosting.npm
	@$(PY) -m hosting.npm sandbox

lock: setup ## lock requirements/*.in again, with hashes
	.venv/bin/uv pip compile $(LOCK) requirements/dev.in -o requirements/dev.txt
	.venv/bin/uv pip compile $(LOCK) -c requirements/dev.txt requirements/demo.in -o requirements/demo.txt
	.venv/bin/uv pip compile $(LOCK) -c requirements/dev.txt requirements/base.in -o requirements/base.txt
