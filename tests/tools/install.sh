#!/usr/bin/env bash
# Installs the real programs that tests use into .tools/bin. What is there in the right version stays.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

bin=$PWD/.tools/bin

# install_with_go MODULE VERSION: builds without cgo, so that no C compiler is needed.
install_with_go() {
  if ! command -v go >/dev/null; then
    echo "Go is missing: install it (1.21 or newer; most systems package it) and run make tools again." >&2
    exit 1
  fi
  mkdir -p "$bin"
  echo "building $1@$2 (the first time takes some minutes)"
  GOBIN=$bin CGO_ENABLED=0 go install "$1@$2"
}

coredns=1.14.0
if [[ "$("$bin/coredns" -version 2>/dev/null || true)" != "CoreDNS-$coredns"$'\n'* ]]; then
  install_with_go github.com/coredns/coredns "v$coredns"
fi
