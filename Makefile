# Everything that people and CI do with the portal. `make` lists it.
SHELL      := /bin/sh
GO         ?= go
export CGO_ENABLED ?= 0
# One set of flags for everything, so that tests and the program share what is compiled;
# a stamp of the commit or data for debuggers would only make linking slow.
export GOFLAGS := -trimpath -buildvcs=false -ldflags=-w
space      := $() $()
# Packages whose tests run under the race detector: those in which goroutines share memory,
# and those in which many people act at one moment.
RACED      := people jobs signin notice profile evidence validation recognition consultation partnerapi
# "make check test" runs these once, with the detector, and beside the walk.
BOTH       := $(and $(filter check,$(MAKECMDGOALS)),$(filter test,$(MAKECMDGOALS)))
DONE       := $(if $(BOTH),$(RACED))
export PATH := $(CURDIR)/.ci/node/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run reset build production test unit browser walk interop check fmt vet staticcheck verify race generate schema migration bench setup setup-run setup-test tools clean

help: ## list what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

## Use
run: setup-run build ## a working portal with made-up people on http://localhost:8080
	@exec env PORTAL_ENV=dev ./bin/portal demo

reset: build ## delete the demo's data and start over next time
	@env PORTAL_ENV=dev ./bin/portal reset

build: ## build ./bin/portal, with the demo inside
	@mkdir -p bin && $(GO) build -o bin/portal ./cmd/portal

production: ## build ./bin/portal-production, without the demo
	@mkdir -p bin && $(GO) build -tags production -ldflags "-s -w" -o bin/portal-production ./cmd/portal

## Test
# The walk waits for pages much of its time, so the other tests run beside it, one after another.
test: setup-test tools build ## every test: unit, services on PostgreSQL, routes, browser
	@$(MAKE) --no-print-directory -j2 --output-sync=target walk $(if $(BOTH),race) unit interop DONE="$(DONE)"

unit: ## tests that need PostgreSQL and nothing else
	@.ci/with-postgres $(GO) test $$($(GO) list ./... | grep -vE '/interop|/app/($(subst $(space),|,$(strip $(DONE) none)))$$')

interop: tools ## sign-in against an independent provider, invitations in an independent calendar
	@$(GO) test ./app/identity/oidcrp/interop ./app/ical/interop

browser: tools build walk ## the whole slice in a real browser, with axe and html-validate

walk:
	@$(GO) test -tags browser -count=1 -timeout 28m ./cmd/portal -run TestBrowser

## Check
check: fmt vet staticcheck verify $(if $(BOTH),,race) ## formatting, vet, staticcheck, drift of generated files, race tests

fmt:
	@out=$$(gofmt -l app cmd config migrations static views); if [ -n "$$out" ]; then echo "run gofmt on:"; echo "$$out"; exit 1; fi

vet:
	@$(GO) vet ./... && $(GO) vet -tags browser ./cmd/... && $(GO) vet -tags production ./cmd/...

staticcheck:
	@$(GO) tool staticcheck ./...

verify: ## regenerate and compare
	@.ci/verify

# Race tests need cgo; they run over the packages where people meet. Those of the web are left
# out: they take minutes, and the services below do the work.
race: setup-run
	@CGO_ENABLED=1 .ci/with-postgres $(GO) test -race $(RACED:%=./app/%)

## Measure
bench: setup-run build ## the portal at full size beside a bare twin: name, value, unit, goal, pass or fail
	@$(GO) build -o bin/bench ./cmd/bench && ./bin/bench

## Generate
generate: schema ## regenerate pages, schema dump, references
	@$(GO) tool templ generate -path views >/dev/null 2>&1 && $(GO) tool templ generate -path app >/dev/null 2>&1
	@$(GO) generate ./...

schema: ## dump the schema that the migrations make
	@.ci/with-postgres $(GO) run ./cmd/schema > migrations/schema.sql.new && mv migrations/schema.sql.new migrations/schema.sql

migration: ## make migration name=add_something
	@n=$$(ls migrations/0*.sql | tail -1 | sed 's/.*\/0*\([0-9]*\)_.*/\1/'); f=migrations/$$(printf '%04d' $$((n + 1)))_$(name).sql; printf -- '-- +goose Up\n' > $$f; echo $$f

## Set up
setup-run:
	@.ci/need postgresql

setup-test:
	@.ci/need postgresql chromium node

tools: setup-test
	@.ci/tools-install

clean: ## delete what building made; data stay
	@rm -rf bin
