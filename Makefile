# Go and make are enough for build and demo. The other tools install themselves
# into .cache at pinned versions when a target needs them (deploy/tools).

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

SERVICES := profile segmentation valuation referral feedback gateway
MAINS := ./services/kehu/cmd/kehu $(foreach s,$(SERVICES),./services/$(s)/cmd/kehu-$(s))

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
# Static binaries, the same with or without a C compiler; the version comes from the flag.
GO_BUILD = CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-X main.version=$(VERSION)" -o bin/

# What to benchmark and where: make bench BENCH=Scan PACKAGES=./pkg/docstore/pebblestore
BENCH ?= .
PACKAGES ?= $(shell grep -rl --include='*_test.go' '^func Benchmark' pkg services | xargs -r -n1 dirname | sort -u | sed 's,^,./,')

# Customers of the large load, with ten orders and twenty events each.
CUSTOMERS ?= 1000000

.PHONY: help build demo release test bench bench-load lint generate baseline mongo-standin tidy clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the suite and each service into bin/
	$(GO_BUILD) $(MAINS)

demo: ## build the suite, then make a shop, load it and analyse it (ARGS="--seed 7")
	$(GO_BUILD) ./services/kehu/cmd/kehu
	bin/kehu demo $(ARGS)

release: ## build kehu for every platform into dist/, with checksums (VERSION=v1.2.3)
	cd deploy/tools && GOWORK=off go build -o ../../.cache/bin/release ./release
	.cache/bin/release -version '$(VERSION)' -time "$$(git log -1 --format=%ct)"

test: ## run every check; says what was skipped and why (STEPS="lint unit" for some)
	.ci/test $(STEPS)

bench: ## run the benchmarks and print their ratios (BENCH=regexp PACKAGES=...)
	go test -p 1 -run '^$$' -bench '$(BENCH)' -benchmem -timeout 60m $(PACKAGES)

bench-load: ## load a million customers through the API and compare with the engine alone (CUSTOMERS=50000)
	$(GO_BUILD) ./services/kehu/cmd/kehu
	KEHU_BIN=$(CURDIR)/bin KEHU_BENCH_CUSTOMERS=$(CUSTOMERS) go test -run '^$$' -bench '^BenchmarkLoad$$' -benchtime 1x -timeout 2h ./services/kehu/bench

lint: ## check format, protos, style and import rules
	.ci/test format protos vet lint

generate: ## generate Go and OpenAPI from proto/
	deploy/tools/install buf plugins
	deploy/tools/generate.sh

baseline: ## take the protos as they are for what later changes must not break
	deploy/tools/install buf
	.cache/bin/buf build --path proto/kehu --exclude-source-info -o proto/baseline.binpb

mongo-standin: ## build the in-memory MongoDB stand-in for the tests (needs Java and Maven)
	deploy/mongo-standin/build.sh

tidy: ## tidy every module
	for dir in $$(find . -name go.mod -not -path './.cache/*' | xargs -n1 dirname | sort); do (cd $$dir && GOWORK=off go mod tidy); done

clean: ## remove what was built; the tools stay in .cache
	rm -rf bin dist
