# SPDX-License-Identifier: MIT
# `make help` lists everything.

SWIFT ?= swift
PREFIX ?= /usr/local
SYSCONFDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PACKAGES := libsqlite3-dev libhiredis-dev sqlite3 python3
TEST_PACKAGES := redis-server libpq-dev postgresql
# The build with PostgreSQL has a folder of its own, so that neither build undoes the other.
POSTGRES := --traits Postgres --scratch-path .build/postgres
DEBUG := .build/debug/sluice
RELEASE := .build/release/sluice
POSTGRES_DEBUG := .build/postgres/debug/sluice
POSTGRES_RELEASE := .build/postgres/release/sluice
# Runs tests; what failed is said last.
TESTED := Tests/run.sh
STRICT := --explicit-target-dependency-import-check error
OBSERVATORY := contrib/examples/observatory
FORMATTED := Package.swift Sources Tests contrib/benchmarks/Package.swift contrib/benchmarks/Sources

.PHONY: help run demo demo-postgres test check torture bench build debug format lint clean install openrpc deps test-deps

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: debug ## build, and run the sidecar with the observatory's schema
	@$(OBSERVATORY)/run.sh $(DEBUG)

demo: debug ## play a night at the observatory; where PostgreSQL is installed, with its second act
	@$(OBSERVATORY)/demo.sh $(DEBUG) 1
	@if dpkg-query -W libpq-dev >/dev/null 2>&1 && ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then \
		$(SWIFT) build --product sluice $(POSTGRES) && $(OBSERVATORY)/demo.sh $(POSTGRES_DEBUG) 2; \
	else \
		echo "The second act, with PostgreSQL and a replica: make demo-postgres"; \
	fi

demo-postgres: deps test-deps ## the same, with what the second act needs installed: PostgreSQL, its line cut, its replica behind
	$(SWIFT) build --product sluice $(POSTGRES)
	@$(OBSERVATORY)/demo.sh $(POSTGRES_DEBUG)

test: deps test-deps ## run every test, of the default build and of the one with PostgreSQL, on both keyspaces
	$(SWIFT) build --build-tests $(STRICT)
	$(TESTED) $(SWIFT) test --skip-build
	SLUICE_TEST_KEYSPACE=redis $(TESTED) $(SWIFT) test --skip-build --filter IntegrationTests
	SLUICE_BINARY=$(abspath $(DEBUG)) $(TESTED) python3 -B -m unittest discover -s contrib/clients/python/tests
	$(SWIFT) build --build-tests $(STRICT) $(POSTGRES)
	$(TESTED) $(SWIFT) test --skip-build $(POSTGRES) --filter 'Postgres|RecallProperty|ForeignType'

check: lint test ## what CI runs: format lint, import check, warnings as errors, every test
	@$(OBSERVATORY)/demo.sh $(DEBUG) 1
	@$(OBSERVATORY)/demo.sh $(POSTGRES_DEBUG) 2

torture: deps test-deps ## the long forms: 200 kills, 10,000 mutations, 100,000 commands against a real Redis, ten times the properties
	$(SWIFT) build --build-tests $(POSTGRES)
	SLUICE_TORTURE=1 $(TESTED) $(SWIFT) test --skip-build $(POSTGRES)
	SLUICE_TORTURE=1 SLUICE_TEST_KEYSPACE=redis $(TESTED) $(SWIFT) test --skip-build $(POSTGRES) --filter IntegrationTests

bench: build test-deps ## measure, as ratios against named peers in the same run
	contrib/benchmarks/run.sh $(abspath $(RELEASE))
	contrib/benchmarks/redis.sh $(abspath $(RELEASE))
	$(SWIFT) build -c release --product sluice $(POSTGRES)
	contrib/benchmarks/postgres.sh $(abspath $(POSTGRES_RELEASE))

build: deps ## release build: .build/release/sluice
	$(SWIFT) build -c release --product sluice --static-swift-stdlib
	@strip $(RELEASE) && ls -l $(RELEASE)

debug: deps
	$(SWIFT) build --product sluice

format: ## format all Swift files
	$(SWIFT) format format --in-place --parallel --recursive $(FORMATTED)

lint: ## complain about format
	$(SWIFT) format lint --strict --parallel --recursive $(FORMATTED)

openrpc: ## write proto-json/openrpc.json into the program
	python3 contrib/openrpc.py

install: build ## install below PREFIX (/usr/local)
	install -D -m 755 $(RELEASE) $(DESTDIR)$(PREFIX)/bin/sluice
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|@PREFIX@|$(PREFIX)|; s|@SYSCONFDIR@|$(SYSCONFDIR)|' contrib/deploy/sluice.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/sluice.service
	install -D -m 644 contrib/deploy/sluice.toml $(DESTDIR)$(PREFIX)/share/doc/sluice/sluice.toml
	[ -e $(DESTDIR)$(SYSCONFDIR)/sluice/sluice.toml ] || \
		install -D -m 644 contrib/deploy/sluice.toml $(DESTDIR)$(SYSCONFDIR)/sluice/sluice.toml

clean: ## remove what was built
	rm -rf .build contrib/benchmarks/.build

deps:
	@$(call install_missing,$(PACKAGES))

test-deps:
	@$(call install_missing,$(TEST_PACKAGES))

define install_missing
missing=; for package in $(1); do \
    dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; done; \
if [ -n "$$missing" ]; then $(SUDO) apt-get update -q && \
    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -q $$missing; fi
endef
