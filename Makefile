# One verb a target; every target makes the environments it needs first (local/setup.sh, a moment when nothing changed).
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Set in some shells; Airflow's processes start seconds later without compiled files.
unexport PYTHONDONTWRITEBYTECODE

PYTHON := .venv/bin/python
NAME ?= lakeport
PYTEST_OPTIONS ?=
# Most tests wait, so there are more workers than cores; the last -n wins: PYTEST_OPTIONS="-n 0" runs all in one process.
PARALLEL := -n 4 --dist loadscope --no-loadscope-reorder --max-worker-restart 0
TORTURE_OPTIONS ?=
BURST_OPTIONS ?=
BENCH_OPTIONS ?=
PEERS ?=
CORPUS_OPTIONS ?=

.PHONY: help setup demo test test-fast up down status check graph audit fix docs corpus torture bench burst peers lock deploy package clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make .venv and .venv-aws match their locks
	@local/setup.sh

demo: setup ## Start the stack, drop the sample files, show how each is loaded
	@$(PYTHON) -m local.demo

test: setup ## Run all tests, beside a running stack or without one
	@$(PYTHON) -m pytest $(PARALLEL) $(PYTEST_OPTIONS)

# These do not wait: a third worker would only collect all tests once more.
test-fast: setup ## Run the tests that start no stack, PostgreSQL or Airflow, while you work
	@$(PYTHON) -m pytest $(PARALLEL) -n 2 --fast $(PYTEST_OPTIONS)

up: setup ## Start the local stack: Airflow, Redshift stand-in, AWS server, mail and Slack sinks
	@$(PYTHON) -m local up

down: setup ## Stop the local stack and keep its data
	@$(PYTHON) -m local down

status: setup ## Show which parts of the local stack run
	@$(PYTHON) -m local status

check: ## Run linters, type checks, import rules and security checks; changes nothing
	@local/setup.sh checks
	@checks/run.sh

graph: ## Draw the imports between packages into plugins/lakeport/README.md
	@local/setup.sh checks
	@PYTHONPATH=plugins .venv-checks/bin/python checks/import_graph.py

audit: ## Ask PyPI for known vulnerabilities of what MWAA and the Lambda function install; needs its advisories
	@local/setup.sh checks
	@.venv-checks/bin/pip-audit --strict --disable-pip --no-deps --progress-spinner off -r requirements.txt

fix: setup ## Fix what the linter and the formatter can fix
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

docs: setup ## Generate schemas/schema.json, docs/schema.md and docs/commands/
	@./lakeport docs
	@PYTHONPATH=plugins $(PYTHON) -m commands.pages

corpus: setup ## Infer, load and compare public files or random tables; CORPUS_OPTIONS=--help shows how
	@PYTHONPATH=plugins AIRFLOW__LOGGING__LOGGING_LEVEL=WARNING $(PYTHON) -m tests.corpus $(CORPUS_OPTIONS)

torture: setup ## Inject faults while files are loaded and check the history; TORTURE_OPTIONS=--help shows how
	@PYTHONPATH=plugins AIRFLOW__LOGGING__LOGGING_LEVEL=WARNING $(PYTHON) -m tests.torture $(TORTURE_OPTIONS)

bench: setup ## Measure speed beside peers and limits, in one table; BENCH_OPTIONS=--help shows how
	@PYTHONPATH=plugins AIRFLOW__LOGGING__LOGGING_LEVEL=WARNING $(PYTHON) -m bench $(BENCH_OPTIONS)

burst: setup ## Drop 10,000 files at once, some events lost, and check every row; BURST_OPTIONS=--help shows how
	@PYTHONPATH=plugins AIRFLOW__LOGGING__LOGGING_LEVEL=WARNING $(PYTHON) -m bench.burst $(BURST_OPTIONS)

peers: setup ## Run the tests and main uses of other tools against the stand-in; needs PyPI and GitHub
	@PYTHONPATH=plugins $(PYTHON) -m tests.peers $(PEERS)

lock: setup ## Rewrite the locks from the .in files; existing pins stay
	@.venv/bin/uv pip compile --quiet --universal --no-header --no-annotate --python-version 3.11 requirements-dev.in -o requirements-dev.txt
	@.venv/bin/uv pip compile --quiet --universal --no-header --no-annotate --python-version 3.11 local/aws/requirements.in -o local/aws/requirements.txt
	@.venv/bin/uv pip compile --quiet --universal --no-header --no-annotate --python-version 3.11 checks/requirements.in -o checks/requirements.txt

deploy: setup ## Deploy to AWS: show what would change, ask, change it (NAME=lakeport)
	@./lakeport deploy --name $(NAME)

package: setup ## Pack the Lambda function and plugins.zip for AWS into build/
	@$(PYTHON) -m infra.package build/register_files.zip
	@$(PYTHON) -m infra.plugins_zip build/plugins.zip

clean: setup ## Stop the stack and delete its data
	@$(PYTHON) -m local clean
	@rm -rf build
