# The commands of this project. Everything happens in .venv, which `make` creates; nothing else is touched, except by
# `make bench-peers`, which installs Debian packages where that is possible.
#
#   make demo [SERVE=1]   the edge on loopback, real SIP through it, one row a scenario
#   make test             the tests
#   make check            linters, types, house rules
#   make sanitize         the native rooms under AddressSanitizer and UBSan
#   make faults           put faults into copies of the parser: the tests must catch each (two minutes)
#   make fuzz [TARGET=edit] [SECONDS=600]   look for inputs that break a contract (fuzz/README.md; needs clang)
#   make nightly          what takes a night; writes docs/nightly.md
#   make bench            measure, and write docs/benchmarks.md (a few minutes; on a quiet machine)
#   make relay-profile [OVER=tcp]   where each microsecond of the relay goes
#   make gate [BASE=REV]  no hot path may grow in instructions without a word in the changelog; the base is what was
#                         accepted last (bench/baseline.txt)
#   make gate-baseline    accept the last commit: what comes later is compared with it
#   make bench-peers      install whom the benchmark compares with: Debian packages, and Python ones into .venv

PYTHON ?= python3
BIN := .venv/bin
SOURCES := setup.py pyproject.toml $(shell find sipcore -name '*.pyx' -o -name '*.pxd' -o -name '*.h' ! -name _grammar.h) sipcore/grammar.py
LINTED := setup.py sipcore bench tests examples
CYTHON := $(shell find sipcore bench examples -name '*.pyx' -o -name '*.pxd')
#: What has native code under it; the rest of the suite gains nothing from a sanitizer and takes long.
NATIVE_TESTS := $(addprefix tests/test_,parser.py values.py headers.py reader.py framer.py edit.py build.py validate.py torture.py \
	matcher.py links.py gate.py imfilter.py corpus.py properties.py malformed.py hashes.py flow_keys.py sound.py \
	express.py recall.py batches.py)

FUZZ_TARGETS := $(patsubst fuzz/fuzz_%.py,%,$(wildcard fuzz/fuzz_*.py))

.PHONY: all demo test check sanitize faults fuzz nightly bench relay-profile bench-peers gate gate-baseline clean

all: .venv/built

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip setuptools

# An editable install compiles the extensions in place; it is repeated only when something native has changed.
.venv/built: .venv/bin/python $(SOURCES)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

demo: all
	$(BIN)/sipcore demo $(if $(SERVE),--serve)

test: all
	$(BIN)/python -m pytest

check: all
	$(BIN)/ruff check $(LINTED)
	$(BIN)/ruff format --check $(LINTED)
	mkdir -p build/types && ln -sfn ../../bench build/types/sipcore_bench
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" cython-lint $(CYTHON)
	$(BIN)/python -m pytest -q tests/test_house.py

sanitize: all
	tests/sanitize.sh $(NATIVE_TESTS)

faults: all
	SIPCORE_SEEDED_FAULTS=1 $(BIN)/python -m pytest -q tests/test_seeded_faults.py

fuzz: all
	for target in $(or $(TARGET),$(FUZZ_TARGETS)); do fuzz/run.sh $$target $(or $(SECONDS),600) || exit 1; done

nightly: all
	$(BIN)/python tests/nightly.py

bench: all
	$(BIN)/sipcore bench --markdown docs/benchmarks.md

relay-profile: all
	$(BIN)/python -m sipcore_bench.relay profile $(if $(OVER),--transport $(OVER))

gate: all
	$(BIN)/python -m sipcore_bench.gate $(if $(BASE),--base $(BASE))

gate-baseline: all
	$(BIN)/python -m sipcore_bench.gate --accept

bench-peers: all
	bench/peers/install.sh
	$(BIN)/python -m pip install --quiet --editable '.[bench-peers]'

clean:
	rm -rf .venv build dist *.egg-info sipcore/_grammar.h
	find sipcore -name '*.so' -o -name '*.c' | xargs -r rm -f
