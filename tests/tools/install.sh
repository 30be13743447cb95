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

# install_with_go MODULE VERSION
install_with_go() {
  about_to_build "$1@$2"
  go install "$1@$2"
}

coredns=1.14.0
if [[ "$("$bin/coredns" -version 2>/dev/null || true)" != "CoreDNS-$coredns"$'\n'* ]]; then
  install_with_go github.com/coredns/coredns "v$coredns"
fi

# promtool reads alert rules, and runs their tests. Its module has `replace` and `exclude`, which go install
# refuses, so it is built in a module of our own; without the clouds' service discovery, which nobody asks for.
prometheus=0.312.0  # Prometheus 3.12; 0.313 asks for Go 1.26
if [[ "$("$bin/promtool" --version 2>/dev/null || true)" != "promtool, version $prometheus "* ]]; then
  module=github.com/prometheus/prometheus
  about_to_build "$module@v$prometheus"
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  printf 'module rollcall\n\ngo 1.25\n\nrequire %s v%s\n' "$module" "$prometheus" >"$scratch/go.mod"
  (cd "$scratch" && go install -mod=mod -tags remove_all_sd \
    -ldflags "-s -w -X github.com/prometheus/common/version.Version=$prometheus" "$module/cmd/promtool")
fi
