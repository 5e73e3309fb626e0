# Sightline: everything a newcomer runs. `make help` lists it.

# Where `make demo` keeps its data and serves it.
DATA ?= sightline-data
HOST ?= 127.0.0.1
PORT ?= 8080
# Where `make install` puts the program, and a folder before that for packagers.
PREFIX ?= /usr/local
DESTDIR ?=
# Which build the end-to-end tests start. The debug build is there already when the Swift tests have run, and stops at
# broken assertions; `make test E2E=release` takes some minutes more and tests what people run.
E2E ?= debug
# More words for pytest: make test PYTEST="-k identity"
PYTEST ?=
# Which Swift tests: make test-swift FILTER=LedgerTests
FILTER ?=

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# The index is for editors; without it a build is a good deal faster.
SWIFT_BUILD := swift build --disable-index-store
RELEASE := $(SWIFT_BUILD) -c release
# All tests are Swift Testing's; Tests/XCTMain.swift says why it has to be told.
SWIFT_TEST := swift test --disable-index-store --disable-xctest --enable-swift-testing
SWIFT_FILES := Package.swift Sources Tests
VENV := .venv
# Scripts of others that pages use; fetched, never committed.
VENDOR := Sources/Web/Resources/vendor
TOOLS := $(VENV)/installed.txt

.PHONY: help build install demo test test-swift test-e2e bench format lint clean system

help: ## Lists these commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: system ## Builds the release binary
	$(RELEASE) --product sightline
	@echo "Built $$($(RELEASE) --show-bin-path)/sightline"

# It builds nothing, as root may have no toolchain.
install: ## Installs what `make build` built, and the files of deploy/ (PREFIX=/usr/local, DESTDIR=)
	@scripts/install .build/release "$(PREFIX)" "$(DESTDIR)"

demo: build ## Fills ./sightline-data with an invented company and serves it (DATA=, HOST=, PORT=)
	@exec "$$($(RELEASE) --show-bin-path)/sightline" serve --demo --data "$(DATA)" --host "$(HOST)" --port "$(PORT)"

# The tools come first, as some Swift tests are about data that come with them.
test: $(TOOLS) test-swift test-e2e ## Builds and runs all tests: Swift Testing, then end to end (E2E=release, PYTEST="-k …")

test-swift: system ## Runs the Swift tests alone (FILTER=LedgerTests)
	$(SWIFT_TEST) $(if $(FILTER),--filter $(FILTER))

test-e2e: system $(TOOLS) ## Runs the end-to-end tests alone, with the real program and a real browser
	@scripts/system tests
	@scripts/browser $(VENV)
	$(SWIFT_BUILD) -c $(E2E) --product sightline
	SIGHTLINE_TEST_BIN="$$($(SWIFT_BUILD) -c $(E2E) --show-bin-path)/sightline" $(VENV)/bin/python -m pytest Tests/EndToEnd $(PYTEST)

bench: system $(TOOLS) ## Measures, each figure beside the bare limit of this machine
	$(RELEASE)
	@scripts/bench "$$($(RELEASE) --show-bin-path)"

format: ## Formats all Swift files in place
	swift format --in-place --parallel --recursive $(SWIFT_FILES)

lint: system ## Checks the formatting and the rules of the house (imports, sizes, words)
	swift format lint --strict --parallel --recursive $(SWIFT_FILES)
	python3 scripts/house.py

clean: ## Removes what was built and the test tools; keeps every data folder
	rm -rf .build $(VENV) $(VENDOR) .pytest_cache

system:
	@scripts/system
	@scripts/page-libraries $(VENDOR)

# The Python environment of the tests, made again when a requirement or its recipe changed.
$(TOOLS): Tests/EndToEnd/requirements.txt Tests/EndToEnd/data.txt scripts/python | system
	@scripts/python $(VENV) Tests/EndToEnd/requirements.txt Tests/EndToEnd/data.txt
