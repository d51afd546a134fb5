# Everything by one command. Needs Python 3.11 or newer, Node 20 or newer, and make; installs the rest below this folder.

PORT ?= 8000
UV := uv==0.13.9# the locked tool that reads the locked file

BIN := .venv/bin
SYNCED := .venv/.synced
PAGES := client/app/dist/index.html client/graphiql/dist/index.html

# With their folders, whose times tell of files that were removed.
sources = $(shell find $(1) \( -name dist -o -name node_modules \) -prune -o -print)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run check test bench screens rendering soak clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'

setup: $(SYNCED) $(PAGES) ## install and build whatever is missing or out of date

run: setup ## serve the chat page; PORT= for another port than 8000
	@$(BIN)/twotrack serve --port $(PORT)

check: setup ## lint, types, import arrows, schema drift
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/twotrack schema | diff schema.graphql - # has drifted? `.venv/bin/twotrack schema > schema.graphql`
	npm --prefix client run --silent check

test: check ## check, and every test: both backends, the client, a real browser
	@$(BIN)/python -m tests.support.executables # the client's tests want curl
	npm --prefix client run --silent test
	$(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal

bench: setup ## what an update costs, side by side with others; JSON=path writes the figures too
	$(BIN)/python -m bench $(if $(JSON),--json $(JSON))

screens: setup ## photograph every state of the page into docs/
	$(BIN)/python -m tools.screens

rendering: setup ## what a growing reply costs a page on a slow machine, and how soon the first message is there
	$(BIN)/python -m tools.rendering

soak: setup ## ten minutes of cuts, sleeps and restarts, in three tabs
	$(BIN)/python -m tools.soak

clean: ## remove what setup installed and built; the database stays
	rm -rf .venv client/dist client/app/dist client/graphiql/dist client/node_modules

# --- what setup makes; each line is skipped while nothing that it was made from is newer

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
