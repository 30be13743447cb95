#!/usr/bin/env bash
# Makes sure that a Docker engine answers, and that the image which the Docker tests build on is there.
# An engine that answers is used as it is. Else, on Debian as root, one is installed and started.
#   tests/tools/docker.sh        makes sure of both
#   tests/tools/docker.sh stop   ends the engine that this script started, and no other
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly home=$PWD/.tools/docker
readonly pid_file=$home/dockerd.pid log=$home/dockerd.log
readonly start_s=60 stop_s=30
# What tests/support/recipe.py builds on. A change of how it is made is a change of the number.
readonly suite=bookworm base=rollcall-test-base:bookworm-2

engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
say_no() { printf '%s\n' "$*" >&2; exit 1; }

can_install() { [[ -e /etc/debian_version && $EUID == 0 ]] && command -v apt-get >/dev/null; }

install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update
  apt-get -qq install --no-install-recommends "$@" >/dev/null
}

# The process that this script started, if it still runs: a number may be another's by now.
ours() {
  local pid
  pid=$(cat "$pid_file" 2>/dev/null) || return 1
  [[ $(cat "/proc/$pid/comm" 2>/dev/null) == dockerd ]] && echo "$pid"
}

start_engine() {
  engine_answers && return
  [[ -z ${DOCKER_HOST:-} ]] || say_no "No Docker engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset DOCKER_HOST."
  can_install || say_no 'No Docker engine answers: install Docker and start it (this script does so by itself only on Debian, as root).'
  if ! { command -v docker && command -v dockerd && command -v iptables; } >/dev/null; then
    echo 'installing Docker'
    install_packages docker.io containerd runc iptables
    engine_answers && return
  fi
  if ! ours >/dev/null; then
    echo "starting dockerd, which logs to $log"
    setsid dockerd </dev/null >"$log" 2>&1 &
    echo $! >"$pid_file"
    disown
  fi
  local end=$((SECONDS + start_s))
  until engine_answers; do
    ours >/dev/null || say_no "dockerd ended at its start; the end of $log: $(tail -n 3 "$log")"
    ((SECONDS < end)) || say_no "dockerd did not answer within $start_s s: see $log"
    sleep 0.2
  done
}

make_base() {
  [[ -z ${ROLLCALL_TEST_IMAGE_BASE:-} ]] || return 0
  docker image inspect "$base" >/dev/null 2>&1 && return
  can_install || say_no "There is no image $base, and only on Debian as root is it made here: name an image" \
    'with Python 3.11 or newer that your engine has or can pull, as in ROLLCALL_TEST_IMAGE_BASE=python:3.12-slim-bookworm'
  command -v debootstrap >/dev/null || install_packages debootstrap
  echo "making the image $base"
  local root
  root=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder of now
  trap "rm -rf '$root'" EXIT
  debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv "$suite" "$root" >"$home/debootstrap.log" 2>&1 \
    || say_no "debootstrap failed; the end of $home/debootstrap.log: $(tail -n 3 "$home/debootstrap.log")"
  # Whom this machine trusts, as a company's own authority: builds in the image fetch from where the machine does.
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  tar -C "$root" --exclude=./var/cache/apt --exclude=./var/lib/apt/lists --exclude=./usr/share/doc \
    --exclude=./usr/share/locale --exclude=./usr/share/man -c . | docker import - "$base" >/dev/null
}

stop_engine() {
  local pid end=$((SECONDS + stop_s))
  pid=$(ours) || return 0
  kill "$pid"
  while ours >/dev/null; do
    ((SECONDS < end)) || say_no "dockerd ($pid) did not end within $stop_s s of SIGTERM: see $log"
    sleep 0.2
  done
  rm -f "$pid_file"
}

case ${1:-} in
  '') mkdir -p "$home"; start_engine; make_base ;;
  stop) stop_engine ;;
  *) say_no "docker.sh knows only stop, not $1" ;;
esac
