# Sallyport. `make demo` and `make test` set up whatever they need.
NODE := node_modules/node/bin/node
RUN  := $(NODE) --disable-warning=ExperimentalWarning

.PHONY: help setup clients found demo test unit integration regression bench lint format catalog clean

help:
	@echo 'make demo    set up, then run an agent'"'"'s day through the gate (KEEP=1 leaves it up)'
	@echo 'make test    set up, then run all tests'
	@echo 'make found   list the servers and clients that tests can use here'
	@echo 'make bench   run the benchmarks (bench/README.md holds the last table)'
	@echo 'make lint    format, lint, type and house checks'
	@echo 'make catalog rebuild the catalog where botocore is installed, and print its coverage'

# npm ci runs again only when the lock file changes.
node_modules/.ready: package.json package-lock.json
	@sh tools/setup/node.sh
	@touch $@

setup: node_modules/.ready

# The stand-in for AWS, databases, and clients of both: the machine's own, else Debian's, else in the checkout.
clients: setup
	@sh tools/setup/python.sh
	@sh tools/setup/databases.sh

# The servers and clients that tests can use here, and what is skipped without those that are missing.
found: setup
	@$(RUN) tools/setup/found.ts

demo: clients
	@$(RUN) tools/demo/main.ts $(if $(KEEP),--keep)

test: clients found
	@$(RUN) tools/test/main.ts src test bench

unit: setup
	@$(RUN) tools/test/main.ts src bench test/house test/fuzz test/bypass

integration: clients found
	@$(RUN) tools/test/main.ts test/integration

# Half an hour: PostgreSQL's own statements, through the gate and without it.
regression: clients
	@POSTGRES_REGRESS="$$(sh tools/setup/postgres/sources.sh)" && export POSTGRES_REGRESS && \
		$(RUN) tools/test/main.ts test/integration/postgres-regression.test.ts

bench: clients
	@sh tools/setup/databases.sh bench
	@$(RUN) bench/main.ts

lint: setup
	@node_modules/.bin/biome check --error-on-warnings .
	@node_modules/.bin/tsc -p .
	@$(RUN) tools/house/main.ts

format: setup
	@node_modules/.bin/biome check --write .

catalog: setup
	@$(RUN) tools/catalog/main.ts

clean:
	rm -rf node_modules dist .venv .build
