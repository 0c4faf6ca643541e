# Invar's front door. `make run` shows it at work, `make test` proves it; `make help` lists the rest.
SHELL := /bin/sh
JOBS ?= $(shell nproc)
CONFIG ?= examples/local.alloy
ARGS ?=
PREFIX ?= /usr/local
IMAGE ?= invar:latest
ARCH ?=
TARGET ?=
SECONDS ?= 60

.PHONY: run build test chaos cluster bench fmt lint docs fuzz install packages image site release smoke help fresh

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

run: build ## build, then run CONFIG (default: Invar profiles itself and archives locally); ARGS='--flag ...'
	@exec tools/run_foreground.sh build/release/invar run $(ARGS) $(CONFIG)

build: ## install what is missing and build build/release/invar
	@tools/install_packages.sh build
	@tools/build.sh release invar

test: ## install what is missing, build, and pass every test
	@tools/install_packages.sh build test
	@tools/run_tests.sh

chaos: build ## deliver 100,000 profiles through outages, kills and full disks; ARGS='-seed 7 -sync always' (root for the disk)
	@tests/chaos/build.sh $(CURDIR)/build/release/chaos
	@build/release/chaos -invar build/release/invar -profiles 100000 $(ARGS)

cluster: build ## three nodes in network namespaces through joins, leaves, kills and partitions; ARGS='--engine etcd --minutes 3 --balance cost' (root)
	@tests/cluster/run.py $(ARGS)

bench: ## run the benchmarks (BENCH=regex to choose); figures are ratios within one run
	@tools/install_packages.sh build test
	@tools/run_benchmarks.sh $(BENCH)

fmt: ## format the sources
	@tools/install_packages.sh build test
	@tools/check_format.sh --fix

lint: ## clang-tidy 19 over the sources
	@tools/install_packages.sh build test lint
	@tools/build.sh dev --configure-only
	@tools/run_lint.sh

docs: build ## write the component reference pages from the schemas
	@build/release/invar components --write-reference docs/reference/components

fuzz: ## fuzz one target: TARGET=parser_fuzz SECONDS=60; without TARGET lists them
	@tools/install_packages.sh build test fuzz
	@tools/run_fuzzer.sh "$(TARGET)" "$(SECONDS)"

install: build ## install the binary under PREFIX (default /usr/local)
	install -D -m 0755 build/release/invar $(DESTDIR)$(PREFIX)/bin/invar

packages: ## build the Debian package and the rpm into build/packages; ARCH=arm64: cross build them into build/packages-arm64
	@tools/install_packages.sh build release $(ARCH)
	@ARCH=$(ARCH) tools/build_packages.sh

image: ## build the container image IMAGE (default invar:latest) with docker
	@tools/install_packages.sh build image
	@tools/build_image.sh $(IMAGE)

site: ## build the documentation of this version as a static site into build/site
	@tools/install_packages.sh build test
	@tools/build_site.sh

release: ## everything that is shipped, into build/dist: packages, image root, chart, dashboards, site, SBOM, checksums
	@tools/install_packages.sh build release
	@tools/build_release.sh

smoke: packages ## prove the Debian package in a new Debian 12 root, with a Go program (needs root)
	@tools/install_packages.sh build test fresh
	@tools/smoke_test.sh build/packages/*.deb

fresh: ## prove `make run` and `make test` in a new Debian 12 root (needs root)
	@tools/install_packages.sh fresh
	@tools/fresh_debian.sh
