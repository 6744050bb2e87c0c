# Node 24 comes with the dependencies, whatever the machine has.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
SHELL := /bin/bash

# npm writes it last: it is older than the lockfile when the dependencies are.
DEPS := node_modules/.package-lock.json

# Of the cluster for up, down and run. `make up NAME=x` sets it, a variable of the environment does not.
NAME := dev
# Of a cluster that make up starts: 1 or 2.
NODES :=

.DEFAULT_GOAL := help
.PHONY: help install-deps build cli sbom release lint generate test sim faults up down demo run bench clean

help: ## Shows this text.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { gsub(/[$$][$$]/, "$$"); printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

$(DEPS): package-lock.json
	@echo "installing the dependencies and Node 24 (usually less than a minute)" >&2
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js with npm, any version from 20 on" >&2; exit 1; }
	@npm ci --no-progress --loglevel=error >&2
	@touch $@

install-deps: $(DEPS) ## Installs what package-lock.json says, Node 24 included.

build: $(DEPS) ## Bundles both programs and the command line: dist/kubeskippy.js.
	@node hack/build.ts

cli: $(DEPS) ## The command line as one file that needs no Node: dist/kubectl-kubeskippy, a plug-in of kubectl.
	@node hack/executable.ts

sbom: $(DEPS) ## What is in the bundle: dist/sbom.cdx.json (CycloneDX) and dist/licences.txt; fails for a licence that may not be shipped.
	@node hack/sbom.ts

release: $(DEPS) ## What a release consists of besides the image: dist/release. IMAGE=REPOSITORY@sha256:DIGEST
	@node hack/release/main.ts "$(IMAGE)"

lint: $(DEPS) ## Lint, types, and whether the generated files are up to date.
	@oxlint --type-aware --deny-warnings
	@tsc --noEmit
	@node hack/generate.ts --check

generate: $(DEPS) ## Writes the generated files: CRDs, RBAC, webhook configurations, chart, reference.
	@node hack/generate.ts

test: $(DEPS) ## Everything, on real clusters too. ONLY="unit e2e/cli" for a part.
	@node hack/ci/test.ts $(ONLY)

sim: $(DEPS) ## The whole controller in simulated clusters, by seeds. SEEDS=1000; SEED=7 tells one as a story, PLAN=plan.json a plan that one ended with.
	@node simulation/main.ts --seeds "$(or $(SEEDS),200)" $(if $(SEED),--seed "$(SEED)") $(if $(PLAN),--plan "$(PLAN)")

faults: $(DEPS) ## Every fault at every write of every action, on a real API server; prints what was tried and what broke (about an hour). ONLY="kills watches" for a part.
	@node e2e/faults/main.ts $(ONLY)

demo: $(DEPS) ## Breaks apps on a real cluster and watches KubeSkippy heal them. ONLY="leak quotes" for some, KEEP=1 leaves it up.
	@node e2e/demo/main.ts --name "$(if $(filter command,$(firstword $(origin NAME))),$(NAME),demo)" --only "$(ONLY)"

up: $(DEPS) ## Starts a cluster with KubeSkippy installed in it, and a Prometheus; its output is for a shell: eval "$$(make up)"
	@node e2e/run/main.ts up --name "$(NAME)" --nodes "$(if $(filter command,$(firstword $(origin NODES))),$(NODES))"

down: $(DEPS) ## Removes that cluster; NAME=demo: the one that KEEP=1 make demo left up.
	@node e2e/run/main.ts down --name "$(NAME)"

run: $(DEPS) ## KubeSkippy from the working tree beside that cluster, in place of what is installed, and its logs.
	@node hack/run.ts "$(NAME)"

bench: $(DEPS) ## Start-up time and memory beside a bare server. ONLY=webhook: the door beside other webhooks; ONLY=lint; ONLY=image: pods; ONLY=scale: thousands of pods; ONLY=shards: several controllers.
	@node bench/$(if $(ONLY),$(ONLY)/main.ts,start-up.ts) $(ARGS)

clean: ## Removes the clusters dev and demo, what crashed runs left behind, dist and node_modules.
	@if [ -x node_modules/.bin/node ]; then \
	  node e2e/run/main.ts down && node e2e/run/main.ts down --name demo && node e2e/cluster/main.ts clean; fi
	@rm -rf dist node_modules
