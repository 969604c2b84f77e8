# Each target does its own set-up; a set-up that was killed is finished by the next call.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: bench test lint clean help

# PYTHON_GIL, PYTHONPATH and the like are meant for the caller's own programs, never for ours.
$(foreach name,$(filter PYTHON%,$(.VARIABLES)),$(eval unexport $(name)))

BIN := .venv/bin
HOST_PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
# The host side needs the GIL: some of its wheels crash a free-threaded build.
SUITS := import ensurepip, sys, sysconfig, venv; \
	sys.exit(sys.version_info < (3, 11) or bool(sysconfig.get_config_var("Py_GIL_DISABLED")))

bench: .venv/.ready ## measure every scenario, publish the site, print the summary
	@$(BIN)/ftbench bench $(ARGS)

test: .venv/.ready ## run the tests; ARGS="-k ranges" picks some
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

lint: .venv/.ready ## check style, types, and which room imports which
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

clean: ## remove everything that was made here, except the results
	rm -rf .venv env html build dist *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find benchmarks ftbench tests -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | \
		while IFS='|' read -r target text; do printf '%-12s %s\n' "$$target" "$$text"; done

# The stamps come last: without one, the step is done again from its start.
.venv/.made:
	@for python in $(HOST_PYTHON); do \
		if "$$python" -c '$(SUITS)' 2>/dev/null; then \
			echo "ftbench: making .venv with $$("$$python" --version)"; \
			"$$python" -m venv --clear .venv && exit 0; exit 1; \
		fi; \
	done; \
	echo "ftbench needs Python 3.11 or newer with venv, and found none among: $(HOST_PYTHON)." >&2; \
	echo "Install one (Debian: apt install python3-venv) or name it: make HOST_PYTHON=/path/to/python3" >&2; \
	exit 1
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

.venv/.ready: .venv/.made pyproject.toml
	@echo "ftbench: installing what it needs into .venv (a minute or two, once)"
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@
