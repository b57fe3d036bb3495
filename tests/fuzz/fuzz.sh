#!/usr/bin/env bash
# Runs the fuzz targets under ASan and UBSan.
# Usage: tests/fuzz/fuzz.sh [--seconds N | --replay] [TARGET]...
# A target is named without "fuzz_". --replay runs each over its corpus once. http_differ compares our
# HTTP parser with that of Node.js, each time from another seed; ctest has its sample.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=60
replay=no
targets=()
while [ $# -gt 0 ]; do
  case $1 in
  --seconds)
    [[ ${2:-} =~ ^[0-9]+$ ]] || { echo "--seconds needs a number" >&2; exit 2; }
    seconds=$2
    shift
    ;;
  --replay) replay=yes ;;
  -*) echo "usage: $0 [--seconds N | --replay] [TARGET]..." >&2; exit 2 ;;
  *) targets+=("$1") ;;
  esac
  shift
done
if [ ${#targets[@]} -eq 0 ]; then
  for source in tests/fuzz/fuzz_*.c; do
    name=${source##*/fuzz_}
    targets+=("${name%.c}")
  done
  [ $replay = yes ] || targets+=(http_differ)
fi

mkdir -p build
{ cmake --preset fuzz && cmake --build --preset fuzz -j "$(nproc)"; } >build/fuzz.log 2>&1 ||
  { tail -n 30 build/fuzz.log; exit 1; }

differ() {
  local seed=$RANDOM
  (cd tests && VOUCHSAFE_BUILD=$PWD/../build/fuzz PYTHONDONTWRITEBYTECODE=1 \
    /usr/bin/python3 -m fuzz.http_differ --seed $seed --seconds "$seconds") >build/fuzz/http_differ.log 2>&1 &&
    printf '%-12s %9s streams, none of them bad (seed %d)\n' http_differ \
      "$(sed -n 's/ streams.*//p' build/fuzz/http_differ.log)" "$seed"
}

bad=0
for name in "${targets[@]}"; do
  if [ "$name" = http_differ ]; then
    differ || { cat build/fuzz/http_differ.log; bad=1; }
    continue
  fi
  program=build/fuzz/tests/fuzz/fuzz_$name
  [ -x "$program" ] || { echo "there is no target $name" >&2; exit 2; }
  corpus=tests/fuzz/corpus/$name
  found=build/fuzz/found/$name
  mkdir -p "$found"
  options=(-max_len=16384 "-artifact_prefix=$found/crash-" -print_final_stats=1)
  [ ! -f "tests/fuzz/$name.dict" ] || options+=("-dict=tests/fuzz/$name.dict")
  if [ $replay = yes ]; then
    options+=(-runs=0)
  else
    options+=("-max_total_time=$seconds")
  fi
  if "$program" "${options[@]}" "$found" "$corpus" >"build/fuzz/$name.log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log")
    printf '%-12s %9s inputs, none of them bad\n' "$name" "${runs:-?}"
  else
    printf '%-12s failed; see build/fuzz/%s.log and %s\n' "$name" "$name" "$found"
    tail -n 15 "build/fuzz/$name.log"
    bad=1
  fi
done
exit $bad
