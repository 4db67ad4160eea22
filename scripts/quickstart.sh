#!/usr/bin/env bash
# Builds Hawser and runs its main job: performance tables of an all-reduce and an all-to-all over 4 processes of this machine, host memory,
# every result checked; then the plan that was chosen, and why.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

say "1/3 What it needs"
install_missing $build_packages

say "2/3 Building (a few minutes the first time)"
configure release -DHAWSER_TESTS=OFF
cmake --build --preset release -j "$jobs" --target hawser-perf
perf=build/release/perf/hawser-perf
[ -x "$perf" ] || perf=$(find build/release -name hawser-perf -type f -perm -u+x | head -n 1)

say "3/3 Four ranks on this machine, float32, every result checked"
for collective in all_reduce all_to_all; do
  note "$collective"
  timeout 300 "$perf" "$collective" --ranks 4 -b 8 -e 16M -f 4 -d f32 -c 1
done
say "The plan chosen for an all-reduce of 16 MiB, and the ones it beat"
timeout 60 "$perf" all_reduce --ranks 4 -b 16M -e 16M -d f32 --explain
say "Done. README.md says how to read these tables; scripts/test.sh runs the tests."
