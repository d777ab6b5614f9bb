# The commands of this project; `make` alone lists them. Two environment words: PYTHON (the interpreter that the virtual
# environments are made with) and ARGS (handed on to the command, as in `make test ARGS="-k resize"`); `make bench` also
# takes BASE and HEAD.

PYTHON ?= python3
ARGS ?=
BASE ?=
HEAD ?=

VENV := .venv
BIN := $(VENV)/bin
LOCKS := requirements
NODE_MODULES := tests/end_to_end/node_modules
UV_VERSION := 0.13.8

# Stamps: what they depend on has not changed since -> nothing is installed again.
INSTALLED := $(VENV)/.installed
RUNNABLE := $(VENV)/.runnable
TFLITE_INSTALLED := .venv-tflite/.installed
TRAIN_INSTALLED := .venv-train/.installed
LOWEST_INSTALLED := .venv-lowest/.installed
NODE_INSTALLED := $(NODE_MODULES)/.installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test proof check kinds format bench pictures train lowest lock clean test-tools

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Make .venv with the exact versions of requirements/lock.txt and this project in it
	@echo "$(BIN)/camweave is installed"

demo: $(RUNNABLE) ## Serve the built-in demo and print the address of its page
	@exec $(BIN)/camweave serve $(ARGS)

test: $(INSTALLED) test-tools check ## Check everything, then run all tests; installs what they need from the system
	$(BIN)/python -m pytest --durations=10 $(ARGS)

proof: $(INSTALLED) test-tools ## Run the tests that take minutes, which `make test` leaves out
	$(BIN)/python -m pytest -m proof -o faulthandler_timeout=0 $(ARGS)

check: $(INSTALLED) ## Look at the form of the code: ruff's format and rules, mypy strict
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

kinds: $(INSTALLED) ## Name each place that a new camera, transform, service or prediction still has to be put into
	@$(BIN)/python -m tests.docs.kinds

format: $(INSTALLED) ## Bring the code into form: ruff's format, imports in order
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(INSTALLED) ## Run the benchmarks, or ARGS="name ..."; BASE=commit (HEAD=commit) compares their CPU time
	@$(BIN)/python -m benchmarks $(if $(BASE),compare $(BASE) $(if $(HEAD),--head $(HEAD)),run) $(ARGS)

pictures: $(INSTALLED) test-tools ## Take the pictures of the documents again, or ARGS="cameras" or "pages" of them
	$(BIN)/python -m docs.pictures $(ARGS)

train: $(TRAIN_INSTALLED) $(INSTALLED) ## Train the models of configs/models again, over an hour (TensorFlow in .venv-train, 0.6 GB)
	.venv-train/bin/python -m configs.training.train $(ARGS)
	$(BIN)/python -m configs.training.export_onnx $(ARGS)
	.venv-train/bin/python -m configs.training.train_segmenter $(ARGS)
	.venv-train/bin/python -m configs.training.train_captioner $(ARGS)

lowest: $(LOWEST_INSTALLED) test-tools ## Run the tests with the lowest versions that setup.cfg allows (Python 3.11)
	.venv-lowest/bin/python -m pytest $(ARGS)

lock: $(INSTALLED) ## Choose the exact versions anew: writes requirements/*.txt from setup.cfg
	@[ -x .venv-lock/bin/uv ] || $(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip install --disable-pip-version-check --quiet uv==$(UV_VERSION)
	@UV=.venv-lock/bin/uv sh $(LOCKS)/lock.sh

clean: ## Remove what the commands above have made
	rm -rf .venv .venv-tflite .venv-train .venv-lowest .venv-lock $(NODE_MODULES)
	rm -rf build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What the tests need beside .venv. tflite-runtime has wheels up to Python 3.11 only: its test is skipped by name on others.
test-tools: $(INSTALLED)
	@sh tests/system_packages.sh
	@if command -v npm >/dev/null; then $(MAKE) -s $(NODE_INSTALLED); fi
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then \
		$(MAKE) -s $(TFLITE_INSTALLED); \
	fi

$(INSTALLED): setup.cfg pyproject.toml $(LOCKS)/lock.txt
	@sh $(LOCKS)/venv.sh $(PYTHON) $(VENV) $(LOCKS)/lock.txt
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $(RUNNABLE) $@

# What runs the demo, without extras, test tools and, at the end, setuptools. Python compiles only what it imports.
$(RUNNABLE): setup.cfg pyproject.toml $(LOCKS)/run.txt
	@sh $(LOCKS)/venv.sh $(PYTHON) $(VENV) $(LOCKS)/run.txt --no-compile
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --no-compile --editable .
	@[ -e $(INSTALLED) ] || $(BIN)/python -m pip uninstall --disable-pip-version-check --quiet --yes setuptools
	@touch $@

$(TFLITE_INSTALLED): $(LOCKS)/tflite-runtime.txt | $(INSTALLED)
	@sh $(LOCKS)/venv.sh $(BIN)/python .venv-tflite $<
	@touch $@

$(TRAIN_INSTALLED): $(LOCKS)/train.txt
	@sh $(LOCKS)/venv.sh $(PYTHON) .venv-train $<
	@touch $@

$(LOWEST_INSTALLED): $(LOCKS)/lowest.txt setup.cfg pyproject.toml
	@sh $(LOCKS)/venv.sh $(PYTHON) .venv-lowest $<
	@.venv-lowest/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(NODE_INSTALLED): tests/end_to_end/package-lock.json
	@npm ci --prefix tests/end_to_end --no-audit --no-fund --no-update-notifier --loglevel error
	@touch $@
