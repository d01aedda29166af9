# Go, make, bash and git are all that is needed; with Node.js the pages have scripts
# too. The tools are built into
# bin/tools; their versions are pinned here and nowhere else.
GOFUMPT_VERSION       := v0.9.1
GOLANGCI_LINT_VERSION := v2.5.0
GOVULNCHECK_VERSION   := v1.1.4
ACTIONLINT_VERSION    := v1.7.12
TEMPL_VERSION         := v0.3.977
ESBUILD_VERSION       := v0.25.11

GO   ?= go
DATA ?= data/demo

# The version is in the path, so another pin builds another tool.
GOFUMPT       := $(CURDIR)/bin/tools/$(GOFUMPT_VERSION)/gofumpt
GOLANGCI_LINT := $(CURDIR)/bin/tools/$(GOLANGCI_LINT_VERSION)/golangci-lint
GOVULNCHECK   := $(CURDIR)/bin/tools/$(GOVULNCHECK_VERSION)/govulncheck
ACTIONLINT    := $(CURDIR)/bin/tools/$(ACTIONLINT_VERSION)/actionlint
TEMPL         := $(CURDIR)/bin/tools/$(TEMPL_VERSION)/templ
ESBUILD       := $(CURDIR)/bin/tools/$(ESBUILD_VERSION)/esbuild

SHELL         := bash
.SHELLFLAGS   := -euo pipefail -c
MAKEFLAGS     += --no-print-directory
.DEFAULT_GOAL := help

STAGES := generated browser format vet lint vulnerabilities arch test race

.PHONY: help build run image notify-image generate check bench e2e fuzz-api drill drill-full clean services services-stop test-services compose alarms compose-test infra-test infra-golden $(STAGES)

help:
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 18

build: $(ESBUILD) ## build bin/enishi
	@scripts/browser '$(ESBUILD)'
	$(GO) build -o bin/enishi ./cmd/enishi

run: build ## start with demo data; an empty folder is filled first
	@bin/enishi demo load --if-empty --data '$(DATA)' --candidates 20000 --companies 400 --rules 1200 --seed 1
	@exec bin/enishi serve --demo --data '$(DATA)'

# More packages at once than there are processors: many wait, for processes and for time. The stage vet has looked at all of it.
TEST = $(GO) test -vet=off -timeout 60m -p $$(($$(getconf _NPROCESSORS_ONLN) + 2))

test: ## every test that needs no outside service
	$(TEST) ./...

check: ## every stage below and above: what must be green before a change is in
	@for stage in $(STAGES); do \
		printf '\n=== %s\n' "$$stage"; \
		$(MAKE) "$$stage"; \
	done
	@printf '\n=== all green\n'

services: ## install (Debian, Ubuntu) and start the databases, caches and S3 server that test-services needs
	@scripts/services start

services-stop: ## stop exactly those
	@scripts/services stop

# The market's tests kill the databases, so nothing runs beside them. Those named have no part on a server,
# and take long: -run picks every test that has no parts.
NO_SERVER := TestNothingIsToldOfFew TestDayWorksByWhatWaits TestJobsWorkByWhatChanged TestImageDamagedAnywhere TestReadAhead TestTextsAgainstNaive
space     := $(subst ,, )

test-services: ## the tests that run on real servers; one that is away is a failure
	@[[ -r $${SERVICES_DIR:-.services}/env ]] || { echo 'run make services first' >&2; exit 1; }
	@source $${SERVICES_DIR:-.services}/env; export ENISHI_TEST_SERVICES=required; \
		$(TEST) -count=1 -run '/(MariaDB|MySQL)' -skip '^($(subst $(space),|,$(strip $(NO_SERVER))))$$' ./internal/market; \
		$(TEST) -count=1 -run 'OnServers' ./internal/cli & beside=$$!; \
		$(TEST) -count=1 ./internal/store/mysql/... ./internal/redis ./internal/files || { wait $$beside; exit 1; }; \
		$(TEST) -count=1 -run 'InABucket' ./internal/worker || { wait $$beside; exit 1; }; \
		wait $$beside

e2e: build ## the pages in a real browser, which is installed on Debian and Ubuntu; pictures in bin/screenshots
	@scripts/e2e

fuzz-api: build ## thousands of questions to the API, made from its document, as everybody
	@scripts/fuzz-api

drill: ## break each part and see its alarms fire, be told and clear, at 120 times the pace; as root
	@scripts/drill

drill-full: ## the same at the pace of life, which takes a night
	@scripts/drill --factor 1

image: $(ESBUILD) ## build the container image into bin/image, without a daemon
	@scripts/browser '$(ESBUILD)' need
	@$(GO) run ./cmd/stack image

notify-image: ## build the image of the function that tells of alarms on AWS into bin/notify
	@$(GO) run ./cmd/stack notify

compose: ## write compose.yaml and what it mounts from the table of services
	@$(GO) run ./cmd/stack compose

alarms: ## write the alarms and dashboards from their table, for Prometheus, Grafana and CloudWatch
	@$(GO) run ./cmd/stack alarms

compose-test: $(ESBUILD) ## the whole stack in real containers (takes root); installs Docker and what else it needs
	@scripts/compose-test

infra-test: ## what is described for AWS (infra/): templates, rules, lint, simulated days, messages; needs Node and Python
	@scripts/infra-test

infra-golden: ## the same, after its known templates and messages, and docs/aws.md, were written anew
	@scripts/infra-test --update

bench: build ## figures of the engine, of the demo's market and of the service, at full size
	$(GO) test -run '^$$' -bench . -benchmem -timeout 60m ./...
	bin/enishi bench engine --candidates 170000 --rules 100000 --seed 7 --json
	bin/enishi bench engine --demo --candidates 170000 --rules 20000 --seed 1 --json
	scripts/bench-service bin/enishi

generate: $(TEMPL) ## write the Go code of the pages' templates
	@'$(TEMPL)' generate -path internal/web

generated: $(TEMPL) ## fail if that code is older than its templates
	@scripts/generated '$(TEMPL)'

browser: $(ESBUILD) ## compile and bundle the pages' scripts
	@scripts/browser '$(ESBUILD)' check

format: $(GOFUMPT) ## fail on files that gofumpt would write differently
	@scripts/format '$(GOFUMPT)'

vet: ## the compiler's companion
	$(GO) vet ./...

lint: $(GOLANGCI_LINT) $(ACTIONLINT) ## static analysis
	'$(GOLANGCI_LINT)' run --allow-parallel-runners ./...
	cd infra && '$(GOLANGCI_LINT)' run --allow-parallel-runners ./...
	'$(ACTIONLINT)'

vulnerabilities: $(GOVULNCHECK) ## known vulnerabilities that the code can reach
	@scripts/vulnerabilities '$(GOVULNCHECK)'

arch: ## floors, libraries, restricted calls, sizes
	$(GO) test -count=1 -v -run '^TestTree$$' ./internal/archtest

# SQLite itself, C that was made Go, keeps its memory outside Go's and has locks of its own: the
# detector only makes it slow. The driver, which is Go, is looked at.
race: ## the shorter tests under the race detector
	$(TEST) -race -short -gcflags='modernc.org/libc/...=-race=false' -gcflags='modernc.org/sqlite/lib=-race=false' ./...

clean: ## remove what was built, tools too
	rm -rf bin

# The tools are programs of this machine whatever is being built.
INSTALL = GOFLAGS= GOOS= GOARCH= GOBIN='$(@D)' $(GO) install

$(GOFUMPT):
	$(INSTALL) mvdan.cc/gofumpt@$(GOFUMPT_VERSION)

$(TEMPL):
	$(INSTALL) github.com/a-h/templ/cmd/templ@$(TEMPL_VERSION)

$(ESBUILD):
	$(INSTALL) github.com/evanw/esbuild/cmd/esbuild@$(ESBUILD_VERSION)

$(GOLANGCI_LINT):
	$(INSTALL) github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)

$(ACTIONLINT):
	$(INSTALL) github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION)

$(GOVULNCHECK):
	$(INSTALL) golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
