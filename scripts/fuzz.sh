#!/usr/bin/env bash
# Searches with clang's libFuzzer, address and undefined-behaviour sanitizers on: scripts/fuzz.sh [SECONDS per target] [TARGET ...]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
seconds=${1:-60}
shift || true

say "1/3 What it needs"
install_missing $build_packages libgtest-dev libgmock-dev clang

say "2/3 Building with clang and libFuzzer"
if ! text=$(cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=None -DHAWSER_SANITIZE=address -DHAWSER_PERF=OFF -DHAWSER_FUZZER=ON \
  -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
  -DCMAKE_CXX_FLAGS="-O1 -fsanitize=fuzzer-no-link -Wno-unknown-warning-option" 2>&1); then
  printf '%s\n' "$text" >&2
  exit 1
fi
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for source in tests/fuzz/*_fuzz.cpp; do
    name=$(basename "$source" _fuzz.cpp)
    if ninja -C build/fuzz -t query "fuzz_$name" >/dev/null 2>&1; then targets+=("$name"); fi
  done
fi
cmake --build build/fuzz -j "$jobs" --target "${targets[@]/#/fuzz_}"

say "3/3 Searching, $seconds s each; findings and corpora stay in build/fuzz"
for name in "${targets[@]}"; do
  note "$name"
  mkdir -p "build/fuzz/corpus/$name"
  "build/fuzz/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=65536 -print_final_stats=0 -verbosity=0 \
    -artifact_prefix="build/fuzz/$name-" "build/fuzz/corpus/$name"
done
say "Nothing found."
