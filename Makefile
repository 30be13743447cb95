# Needs Python 3.11 or newer with venv, for the real programs in tests also Go and Maven, and for tests with
# real containers a Docker engine. No root, but to install that one.
PYTHON ?= python3
ARGS ?=
# In how many processes the tests run: they wait more than they compute. 0 is one, as a debugger wants.
WORKERS ?= 3
SPREAD = --numprocesses $(WORKERS) --dist loadfile
UV_VERSION := 0.13.8
# What `make image` builds, and on what: the Dockerfile has the pin.
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"$$/\1/p' agent/__init__.py)
IMAGE ?= rollcall-agent:$(VERSION)
BASE ?= $(shell sed -n 's/^ARG BASE=//p' Dockerfile)
SBOM_NEEDS := cyclonedx-bom >=7.5,<8

# Each stamp is made when what it depends on is newer; a second run finds nothing to do.
# A new lock starts an empty venv, which takes the later stamps with it.
RUN := .venv/run.stamp
PROJECT := .venv/project.stamp
TEST := .venv/test.stamp
DEV := .venv/dev.stamp

PIP := .venv/bin/python -m pip --disable-pip-version-check --quiet
LOCK := .tools/uv/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --custom-compile-command 'make lock' $(ARGS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check format image sbom tools engine programs e2e e2e-kubernetes docker readback mutations soak bench bench-kubernetes lock clean clean-tools

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

demo: $(PROJECT) ## watch three agents grow to five, sit out a DNS fault and shrink to two
	.venv/bin/rollcall lab --replicas 3 --scale 5,2 --fault servfail --output cassandra

test: $(PROJECT) $(TEST) ## run the tests that need no Docker; ARGS="-k gate -x" goes to pytest
	.venv/bin/pytest --ignore tests/clusters --ignore tests/docker --ignore tests/kubernetes --ignore tests/readback $(SPREAD) $(ARGS)

check: $(PROJECT) $(DEV) ## lint, formatting, types and the rules of who may import whom
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/pytest -q tests/test_imports.py

format: $(DEV) ## format the code and mend what lint can mend by itself
	.venv/bin/ruff check --fix-only .
	.venv/bin/ruff format .

# The label `created` is the commit's time, so that a commit has one image.
image: ## build the image and print its size; BASE=… is another base, ARGS="--network host" goes to docker build
	@command -v docker >/dev/null || { echo 'Install Docker, which builds the image: there is no program docker.' >&2; exit 1; }
	@docker image inspect '$(BASE)' >/dev/null 2>&1 || docker pull '$(BASE)'
	docker build --quiet --tag '$(IMAGE)' --build-arg BASE='$(BASE)' --build-arg VERSION=$(VERSION) \
		--build-arg REVISION="$$(git describe --always --match= --abbrev=40 --dirty 2>/dev/null)" \
		--build-arg CREATED="$$(TZ=UTC git log -1 --format=%cd --date=format-local:%FT%TZ 2>/dev/null)" $(ARGS) .
	@docker image inspect --format '{{.Size}}' '$(IMAGE)' '$(BASE)' | awk 'NR == 1 {all = $$1} NR == 2 {base = $$1} \
		END {printf "$(IMAGE) has %.1f MB, %.1f MB over its base\n", all / 1e6, (all - base) / 1e6}'

sbom: build/sbom/stamp ## list what the image adds to its base, as CycloneDX in dist/rollcall-agent-VERSION.cdx.json
	@mkdir -p dist
	@sed 's/^dynamic = .*/version = "$(VERSION)"/' pyproject.toml > build/sbom/pyproject.toml
	build/sbom/tool/bin/cyclonedx-py environment --pyproject build/sbom/pyproject.toml --output-reproducible \
		--output-file dist/rollcall-agent-$(VERSION).cdx.json build/sbom/image

tools: ## install the real programs that tests use into .tools/bin (needs Go)
	tests/tools/install.sh

engine: ## make sure that Docker answers and has the tests' base image (on Debian as root, installs what is missing)
	tests/tools/docker.sh

programs: $(PROJECT) $(TEST) engine ## make the image with the programs that read rendered files (needs Go and Maven)
	.venv/bin/python -m tests.readback.image

docker: $(PROJECT) $(TEST) engine ## run the tests in real containers, against Docker's own DNS
	ROLLCALL_STRICT=1 .venv/bin/pytest tests/docker $(ARGS)

readback: $(PROJECT) $(TEST) programs ## have rendered files read by the real programs that they are for
	ROLLCALL_STRICT=1 .venv/bin/pytest tests/readback $(SPREAD) $(ARGS)

e2e: $(PROJECT) $(TEST) tools programs ## bring up the examples with real databases, and break them
	ROLLCALL_STRICT=1 .venv/bin/pytest tests/clusters --numprocesses 2 --dist loadfile $(ARGS)

e2e-kubernetes: $(PROJECT) $(TEST) tools programs ## run pods in the Kubernetes of KUBECONFIG, and break what they stand on
	ROLLCALL_STRICT=1 .venv/bin/pytest tests/kubernetes $(SPREAD) --no-loadscope-reorder $(ARGS)

mutations: $(PROJECT) $(TEST) ## break each rule in a copy of the tree and show which test fails for it
	.venv/bin/python -m tests.mutations.run $(ARGS)

soak: $(PROJECT) $(TEST) tools ## three agents for 5 minutes beside a CoreDNS that fails; ARGS="--minutes 60 --seed 7"
	.venv/bin/python -m tests.soak.soak $(ARGS)

# PEER_FINDER=/path is a program that is measured beside it, in the same run: peer-finder, or one with its flags.
bench: $(PROJECT) $(TEST) tools ## measure what an agent costs beside a real CoreDNS (17 minutes; ARGS=--quick takes two)
	.venv/bin/python -m tests.bench.bench $(ARGS)

bench-kubernetes: $(PROJECT) $(TEST) tools engine ## measure pods with the sidecar in the Kubernetes of KUBECONFIG
	.venv/bin/python tests/kubernetes/measure.py $(ARGS)

lock: .tools/uv/$(UV_VERSION).stamp ## remake requirements/*.txt from pyproject.toml; ARGS=--upgrade takes newer versions
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| $(LOCK) - -o requirements/build.txt
	echo '$(SBOM_NEEDS)' | $(LOCK) - -o requirements/sbom.txt
	$(LOCK) pyproject.toml -o requirements/run.txt
	$(LOCK) pyproject.toml --extra test -c requirements/run.txt -o requirements/test.txt
	$(LOCK) pyproject.toml --extra test --extra dev -c requirements/test.txt -o requirements/dev.txt

clean: ## remove the venv, caches and build outputs; keeps .tools
	rm -rf .venv build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './.tools/*' -prune -exec rm -rf {} +

clean-tools: ## remove .tools; ends the Docker engine that make engine started
	tests/tools/docker.sh stop
	rm -rf .tools

$(RUN): requirements/build.txt requirements/run.txt
	@command -v $(PYTHON) >/dev/null || { echo 'Install Python 3.11 or newer, or say where it is: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: install a newer Python, or say where it is: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no venv: install it (on Debian and Ubuntu the package python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(PIP) install --require-hashes -r requirements/build.txt -r requirements/run.txt
	@touch $@

$(PROJECT): $(RUN) pyproject.toml LICENSE
	$(PIP) install --no-deps --no-build-isolation -e .
	$(PIP) check
	@touch $@

$(TEST): $(RUN) requirements/test.txt
	$(PIP) install --require-hashes -r requirements/test.txt
	@touch $@

$(DEV): $(TEST) requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

# A venv with just the image's packages, and one with what lists them.
build/sbom/stamp: $(PROJECT) requirements/sbom.txt
	$(PYTHON) -m venv --clear build/sbom/tool
	$(PYTHON) -m venv --clear --without-pip build/sbom/image
	build/sbom/tool/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/sbom.txt
	$(PIP) --python build/sbom/image/bin/python install --require-hashes -r requirements/run.txt
	@touch $@

.tools/uv/$(UV_VERSION).stamp:
	$(PYTHON) -m venv --clear .tools/uv
	.tools/uv/bin/python -m pip --disable-pip-version-check --quiet install uv==$(UV_VERSION)
	@touch $@
