# Bare `make` lists the targets. Each one sets up what it needs in .venv; nothing has to be activated.
PYTHON ?= python3
PY := .venv/bin/python
TORCH ?= torch
PYTHONS ?= python3.11 python3.12 python3.13 python3.14 python3.15
# tests by two processes: most of what they do keeps one core busy
TWO := -n 2 --dist loadscope
.DEFAULT_GOAL := help
.PHONY: help demo test check dist test-cluster test-install test-floors test-pythons fuzz faults mutants bench bench-torch samples clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: .venv/.base  ## the edges of a real photograph
	@.venv/bin/convcli edge samples/coffee.png -f -o build/

test: .venv/.test  ## run the tests
	@$(PY) -m pytest $(TWO)

check: .venv/.dev  ## format, lint, types, and the tests in full
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@$(PY) -m pytest --full $(TWO)

test-cluster: .venv/.test .venv/.cluster  ## many files on a Dask cluster: a scheduler and two workers on 127.0.0.1
	@$(PY) -m pytest --cluster tests/cli/test_cluster.py

dist: .venv/.dev  ## build sdist and wheel into dist/; a tag of the commit has to be the version
	@$(PY) -m tests.release

test-install: dist  ## install what make dist builds in bare environments, run every example there
	@$(PY) -m pytest --install tests/test_install.py

test-floors: .venv-floors/.floors  ## run the tests with the lowest versions of every dependency that pyproject admits
	@.venv-floors/bin/python -m pytest $(TWO)

test-pythons:  ## run the tests with every Python from 3.11 on that is installed; PYTHONS='python3.13' for one
	@for python in $(PYTHONS); do \
	  $$python -c '' 2>/dev/null || continue; echo "== $$($$python --version)"; \
	  $$python -m venv .venv-$$python && \
	  .venv-$$python/bin/pip install --quiet --disable-pip-version-check -e '.[test]' && \
	  .venv-$$python/bin/python -m pytest $(TWO) || exit 1; \
	done

fuzz: .venv/.dev  ## whatever can be handed over, damaged by the ten thousand; FUZZ='csv --count 500', FUZZ=--short
	@$(PY) -m tests.fuzz $(FUZZ)

faults: .venv/.test  ## full disks, signals, closed streams …, injected and counted; FAULTS='signals --count 20', FAULTS=--short
	@$(PY) -m tests.faults $(FAULTS)

mutants: .venv/.dev  ## change places of the program, and see whether a test notices; MUTANTS='convcli/engine/edges --count 20'
	@$(PY) -m tests.mutants $(MUTANTS)

bench: .venv-bench/.bench  ## ratios against named peers, in an environment of its own; BENCH='corr edge' for some
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE .venv-bench/bin/python -m tests.bench $(BENCH)

bench-torch: .venv-bench/.torch bench  ## the same with PyTorch among the peers, gigabytes of it

samples: .venv/.base  ## make the derived samples, the README's pictures and its recording again
	@$(PY) samples/make.py
	@$(PY) samples/record.py

clean:  ## remove what the other targets made
	rm -rf .venv .venv-* build dist .mypy_cache .ruff_cache
	find convcli tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.base .venv-bench/.base .venv-floors/.base: pyproject.toml
	@echo 'making $(@D): an environment with convcli and what it needs (once, about a minute)' >&2
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/.%: pyproject.toml .venv/.base
	@echo 'adding to .venv: $*' >&2
	@.venv/bin/pip install --quiet --disable-pip-version-check -e '.[$*]'
	@touch $@

.venv-bench/.bench: pyproject.toml .venv-bench/.base
	@.venv-bench/bin/pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@

.venv-bench/.torch: .venv-bench/.bench
	@.venv-bench/bin/pip install --quiet --disable-pip-version-check '$(TORCH)'
	@touch $@

.venv-floors/.floors: pyproject.toml .venv-floors/.base
	@.venv-floors/bin/python -m tests.floors | .venv-floors/bin/pip install --quiet --disable-pip-version-check -r /dev/stdin
	@touch $@
