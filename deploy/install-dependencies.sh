#!/usr/bin/env bash
# Installs what Vouchsafe needs from Debian's packages, by purpose, and only what is missing.
# Usage: deploy/install-dependencies.sh build|demo|test|lint|fuzz|coverage|bench ...
set -euo pipefail

declare -A packages=(
  [build]="gcc libc6-dev cmake ninja-build pkg-config libevent-dev android-libboringssl-dev libcjson-dev
           libhiredis-dev libconfuse-dev libseccomp-dev ca-certificates"
  [demo]="python3 glewlwyd openssl redis-server redis-tools"
  [test]="systemd python3 python3-cryptography python3-prometheus-client python3-yaml glewlwyd redis-server redis-tools
          libcriterion-dev libjwt-gnutls-dev openssl git g++ npm chromium python3-authlib python3-flask gdb strace valgrind
          gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user nginx-light haproxy"
  [lint]="clang clang-format clang-tidy cppcheck"
  [fuzz]="clang libclang-rt-14-dev python3 npm"
  [coverage]="gcovr"
  [bench]="python3 python3-cryptography nginx-light haproxy redis-server redis-tools wrk npm"
)

usage() { echo "usage: $0 ${!packages[*]}" >&2; exit 2; }
[ $# -gt 0 ] || usage

wanted=()
for purpose in "$@"; do
  [ -n "${packages[$purpose]:-}" ] || usage
  read -r -a names -d '' <<<"${packages[$purpose]}" || true
  wanted+=("${names[@]}")
done

missing=()
for name in "${wanted[@]}"; do
  # A Node.js from elsewhere has brought its own npm, and does not get on with Debian's.
  if [ "$name" = npm ] && command -v npm >/dev/null; then continue; fi
  state=$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$name")
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null || {
  echo "This needs Debian 12's apt-get; install by hand: ${missing[*]}" >&2; exit 1; }
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "Run this as root, or install sudo." >&2; exit 1; }
  as_root=(sudo)
fi

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
made_policy=no
clean_up() {
  rm -f "$log"
  [ $made_policy = no ] || "${as_root[@]}" rm -f $policy
}
trap clean_up EXIT
echo "Installing ${#missing[@]} packages: ${missing[*]}"
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 "$@" >>"$log" 2>&1; }
# Services that a package would start are none of ours: the tests start their own, on ports of
# their own.
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
  "${as_root[@]}" chmod +x $policy
  made_policy=yes
fi
{ apt update && apt install -y --no-install-recommends "${missing[@]}"; } || {
  tail -n 20 "$log" >&2
  echo "Installing failed." >&2
  exit 1
}
