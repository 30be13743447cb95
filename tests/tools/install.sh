#!/usr/bin/env bash
# Installs the real programs that tests use into .tools/bin. What is there in the right version stays.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

bin=$PWD/.tools/bin

# about_to_build MODULE@VERSION: makes sure of Go and of where programs go. Without cgo no C compiler is needed.
about_to_build() {
  if ! command -v go >/dev/null; then
    echo "Go is missing: install it (1.21 or newer; most systems package it) and run make tools again." >&2
    exit 1
  fi
  mkdir -p "$bin"
  echo "building $1 (the first time takes some minutes)"
  export GOBIN=$bin CGO_ENABLED=0
}

# install_with_go MODULE VERSION [FLAG...]
install_with_go() {
  about_to_build "$1@$2"
  go install "${@:3}" "$1@$2"
}

coredns=1.14.0
if [[ "$("$bin/coredns" -version 2>/dev/null || true)" != "CoreDNS-$coredns"$'\n'* ]]; then
  install_with_go github.com/coredns/coredns "v$coredns"
fi

# build_in_a_module PATH MODULE VERSION PACKAGE VARIABLE [FLAG...]: for modules with `replace` and `exclude`,
# which go install refuses. VARIABLE is where the program has its version.
build_in_a_module() {
  local path=$1 module=$2 version=$3 package=$4 variable=$5
  shift 5
  about_to_build "$module@v$version"
  mkdir -p "${path%/*}"
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  printf 'module rollcall\n\ngo 1.25\n\nrequire %s v%s\n' "$module" "$version" >"$scratch/go.mod"
  (cd "$scratch" && go build -mod=mod -trimpath "$@" -ldflags "-s -w -X $variable=$version" \
    -o "$path" "$module/$package")
  rm -rf "$scratch"
}

# promtool reads alert rules, and runs their tests; without the clouds' service discovery, which nobody asks for.
prometheus=0.312.0  # Prometheus 3.12; 0.313 asks for Go 1.26
if [[ "$("$bin/promtool" --version 2>/dev/null || true)" != "promtool, version $prometheus "* ]]; then
  build_in_a_module "$bin/promtool" github.com/prometheus/prometheus "$prometheus" cmd/promtool \
    github.com/prometheus/common/version.Version -tags remove_all_sd
fi

# What `kubectl apply -k` builds with.
kustomize=5.6.0
if [[ "$("$bin/kustomize" version 2>/dev/null || true)" != "v$kustomize" ]]; then
  install_with_go sigs.k8s.io/kustomize/kustomize/v5 "v$kustomize" \
    -ldflags "-s -w -X sigs.k8s.io/kustomize/api/provenance.version=v$kustomize"
fi

# What `docker compose` runs; in a folder that DOCKER_CONFIG may name, so a user's own plugins stay as they are.
compose=2.39.4 compose_path=$PWD/.tools/docker-cli/cli-plugins/docker-compose
if [[ "$("$compose_path" version --short 2>/dev/null || true)" != "$compose" ]]; then
  build_in_a_module "$compose_path" github.com/docker/compose/v2 "$compose" cmd \
    github.com/docker/compose/v2/internal.Version
fi

# Whom Helm takes a cluster for where it asks none is set by whoever builds it: 3.19.0 was released with 1.34.
helm=3.19.0
if [[ "$("$bin/helm" version --short 2>/dev/null || true)" != "v$helm"* ]]; then
  flags="-s -w -X helm.sh/helm/v3/internal/version.version=v$helm"
  for package in pkg/chartutil pkg/lint/rules; do
    flags+=" -X helm.sh/helm/v3/$package.k8sVersionMajor=1 -X helm.sh/helm/v3/$package.k8sVersionMinor=34"
  done
  install_with_go helm.sh/helm/v3/cmd/helm "v$helm" -ldflags "$flags"
fi

# Makes the table of values in a chart's README.md.
helm_docs=1.14.2
if [[ "$("$bin/helm-docs" --version 2>/dev/null || true)" != "helm-docs version $helm_docs" ]]; then
  install_with_go github.com/norwoodj/helm-docs/cmd/helm-docs "v$helm_docs" -ldflags "-s -w -X main.version=$helm_docs"
fi
