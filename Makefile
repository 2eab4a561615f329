# make run starts the app; make test checks everything. Both need Python 3.11 or newer, nothing else.

VENV    := .venv
PY      := $(VENV)/bin/python
# The first interpreter that is new enough; override with `make run PYTHON=/path/to/python`.
PYTHON  ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
             "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
PIP     := $(PY) -m pip install --quiet --disable-pip-version-check

.PHONY: help run test lint types browser bench bench-captcha bench-color bench-teaching bench-numbers bench-page screenshots clean

help:
	@echo "make run            start the app and print its address"
	@echo "make test           lint, type-check and run every test, in a real browser too"
	@echo "make bench          the engine against PyTorch and ONNX Runtime"
	@echo "make bench-captcha  fresh captchas, read by the engine, ddddocr and tesseract"
	@echo "make bench-color    photos coloured by the engine, with hints and without, and by a peer"
	@echo "make bench-teaching five corrections each, for the writers misread most"
	@echo "make bench-numbers  whole handwritten numbers: cheques, and digits written with a pen"
	@echo "make bench-page     from pen-up to the label on the screen"
	@echo "make screenshots    the README's pictures, taken from the running app"

run: $(VENV)/run.stamp
	@$(PY) app.py

# Two at a time: the browser's tests wait more than they compute.
test: lint types browser
	@$(PY) -m pytest --numprocesses 2 --dist worksteal

lint: $(VENV)/dev.stamp
	@$(PY) -m ruff check .

types: $(VENV)/dev.stamp
	@$(PY) -m mypy

browser: $(VENV)/dev.stamp
	@$(PY) -m tests.browser

bench: $(VENV)/bench.stamp
	@$(PY) -m benchmarks

bench-captcha: $(VENV)/bench.stamp
	@$(PY) -m benchmarks.captcha

bench-color: $(VENV)/bench.stamp
	@$(PY) -m benchmarks.color

bench-teaching: $(VENV)/bench.stamp
	@$(PY) -m benchmarks.teaching

bench-numbers: $(VENV)/bench.stamp
	@$(PY) -m benchmarks.numbers

bench-page: browser
	@$(PY) -m benchmarks.page

screenshots: browser
	@$(PY) -m benchmarks.screenshots

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache

# A stamp is younger than the requirements that were installed last.
$(PY):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: https://www.python.org/downloads/"; exit 1; }
	@echo "making $(VENV) with $(PYTHON)"
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/run.stamp: requirements.txt | $(PY)
	@echo "installing requirements.txt"
	@$(PIP) -r requirements.txt && touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@echo "installing requirements-dev.txt"
	@$(PIP) -r requirements-dev.txt && touch $@

$(VENV)/bench.stamp: benchmarks/requirements.txt $(VENV)/run.stamp
	@echo "installing benchmarks/requirements.txt"
	@$(PIP) -r benchmarks/requirements.txt && touch $@
