# Everything by one command. Needs Python 3.11 or newer, Node 20 or newer, and make. The rest is installed below this
# folder.

PORT ?= 8000
UV := uv==0.13.9# pinned, like everything in uv.lock

BIN := .venv/bin
SYNCED := .venv/.synced
PAGES := client/app/dist/index.html client/graphiql/dist/index.html
NOTES := examples/notes/page/dist/index.html
AGENT := examples/agents/dist/agent.js

# Files and their folders: a folder's time changes when a file in it is removed.
sources = $(shell find $(1) \( -name dist -o -name node_modules \) -prune -o -print)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run example check test environments wheel bench screens rendering soak clean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'

setup: $(SYNCED) $(PAGES) ## install and build what is missing or out of date

run: setup ## serve the chat page on port 8000, or on PORT=
	@$(BIN)/twotrack serve --port $(PORT)

example: setup $(NOTES) ## serve the notes of examples/notes on port 8001, or on PORT=
	@TWOTRACK_DATABASE_URL=sqlite+aiosqlite:///notes.db PORT=$(if $(filter file,$(origin PORT)),8001,$(PORT)) \
	  $(BIN)/python -m examples.notes

check: setup ## lint; check types, imports between folders, and schema.graphql
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers=auto || $(BIN)/mypy # on a busy machine, its workers may miss the 3 seconds that they have to start
	$(BIN)/lint-imports --no-logo
	$(BIN)/twotrack schema | diff schema.graphql - # to update it: `.venv/bin/twotrack schema > schema.graphql`
	npm --prefix client run --silent check
	npm --prefix examples/notes/page run --silent check
	npm --prefix examples/agents run --silent check

test: check ## check, and run all tests: on both backends, of the client, in a browser
	@$(BIN)/python -m tests.support.executables # the client's tests need curl
	npm --prefix client run --silent test
	$(BIN)/pytest --numprocesses=$$($(BIN)/python -c 'import os; print(min(4, 1 + (os.cpu_count() or 1)))') --dist=worksteal

environments: setup ## install the packed client in projects of Jest, Next, Svelte and Vue, and build them; ONLY="next vue"
	node client/test/environments/run.mjs $(ONLY)

wheel: setup ## build the package with the pages in it, and twotrack-producer, as wheels and sdists in dist/, with the locked requirements
	@rm -rf dist
	$(BIN)/uv build
	$(BIN)/uv build producer --out-dir dist
	@$(BIN)/uv export --frozen --no-dev --no-emit-workspace --extra tracing --no-header --quiet --output-file dist/requirements.txt

bench: setup ## measure what an update costs, beside other ways; JSON=path also writes the figures
	$(BIN)/python -m bench $(if $(JSON),--json $(JSON))

screens: setup ## take the screenshots in docs/
	$(BIN)/python -m tools.screens

rendering: setup ## measure how a page renders a growing reply on a slow machine
	$(BIN)/python -m tools.rendering

soak: setup ## run three tabs through ten minutes of lost connections, sleeps and restarts; with SCALED=1, readers of several processes for MINUTES=30
	$(BIN)/python -m $(if $(SCALED),$(if $(TABS),tools.soak,tools.soak_scaled),tools.soak)

clean: ## remove what was installed and built; the database stays
	rm -rf .venv dist client/dist client/app/dist client/graphiql/dist client/node_modules examples/notes/page/dist examples/agents/dist

# --- what setup makes; each is made again if a file that it depends on is newer

$(BIN)/uv:
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    $$python -m venv .venv && exec $(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV); \
	    exit 1; \
	  fi; \
	done; echo "Twotrack needs Python 3.11 or newer on PATH." >&2; exit 1

$(SYNCED): $(BIN)/uv pyproject.toml uv.lock
	$(BIN)/uv sync --locked --quiet
	@touch $@

client/node_modules/.installed: client/package-lock.json
	@node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' || \
	  { echo "Twotrack needs Node 20 or newer on PATH." >&2; exit 1; }
	npm --prefix client ci --no-audit --no-fund --loglevel=error
	@touch $@

client/app/dist/index.html: client/node_modules/.installed client/vite.config.ts $(call sources,client/app client/src)
	npm --prefix client run --silent build:page -- --logLevel=error
	@touch $@

client/graphiql/dist/index.html: client/node_modules/.installed $(call sources,client/graphiql)
	npm --prefix client run --silent build:graphiql -- --logLevel=error
	@touch $@

$(NOTES): client/node_modules/.installed $(call sources,examples/notes/page client/src)
	npm --prefix examples/notes/page run --silent build -- --logLevel=error
	@touch $@

$(AGENT): client/node_modules/.installed $(call sources,examples/agents client/src)
	npm --prefix examples/agents run --silent build -- --logLevel=error
	@touch $@
