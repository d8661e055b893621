# One command on a fresh machine is enough: every target sets up `.venv` first.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CONFIG ?= configs/default.yaml
MILVUS_DATA ?= .milvus
COUNT ?= 2000
SEED ?= 1
MINUTES ?= 60
# Tests wait for servers and processes: three keep two cores busy.
WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup install demo ingest reindex test lint types fuzz record bench lock milvus-up milvus-down milvus-local

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY)  ## Make .venv with everything in it, once
	@echo "ready: source $(VENV)/bin/activate"

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "vsearch needs Python 3.11 to 3.13; name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"
	$(BIN)/uv pip install --python $(BIN)/python --compile-bytecode --constraint requirements.lock \
	  --editable '.[open-clip]' --group dev --group milvus-server
	@touch $@

lock: $(READY)  ## Resolve the dependencies again, within the ranges of pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --upgrade \
	  --extra open-clip --extra ray --extra serve --group dev --group milvus-server \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements.lock

install:  ## Put vsearch on the PATH with pipx
	pipx install --force .

demo: $(READY)  ## Draw twenty videos, index them, ask three questions, show the answers
	$(BIN)/python -m pipeline.demo .demo
	$(BIN)/vsearch ingest --config configs/demo.yaml
	$(BIN)/python -m pipeline.demo.ask configs/demo.yaml .demo/answers.png
	@echo 'to go on: $(BIN)/vsearch query --config configs/demo.yaml "a blue plane" --contact-sheet found.png'

ingest: $(READY)  ## Index the videos of CONFIG=configs/prod.yaml
	@$(BIN)/vsearch ingest --config $(CONFIG)
	@echo "to search: source $(VENV)/bin/activate, then vsearch query \"a red car\""

reindex: $(READY)  ## Make the archive equal to the videos of CONFIG=configs/prod.yaml
	@$(BIN)/vsearch reindex --config $(CONFIG)

test: $(READY)  ## Run the tests; a real Milvus server is started for them
	@# Beside each other, threads of torch mostly wait for a core.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

lint: $(READY)  ## Style, formatting, and who may import what
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY)  ## Check the types
	$(BIN)/mypy

fuzz: $(READY)  ## Put COUNT=2000 damaged videos through an ingest, made from SEED=1, for MINUTES=60 at most
	$(BIN)/python -m tests.fuzz --count $(COUNT) --seed $(SEED) --minutes $(MINUTES)

record: $(READY)  ## Run the demo and the examples, and keep what they show, for the docs
	$(BIN)/python docs/record.py
	$(BIN)/python docs/examples.py

bench: $(READY)  ## Measure, side by side in one run
	$(BIN)/python -m benchmarks

milvus-up:  ## Start Milvus with Docker; wants MINIO_ROOT_USER, MINIO_ROOT_PASSWORD, MILVUS_ROOT_PASSWORD
	docker compose --file deploy/milvus-standalone.yml up --detach --wait

milvus-down:  ## Stop it; its data stays
	docker compose --file deploy/milvus-standalone.yml down

milvus-local: $(READY)  ## Run a Milvus server without Docker (Linux x86-64); Ctrl-C stops it
	$(BIN)/python deploy/milvus_local.py --data $(MILVUS_DATA)
