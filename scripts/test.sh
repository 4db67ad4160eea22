#!/usr/bin/env bash
# Builds everything and passes all tests. What this machine cannot do skips with a sentence, listed at the end.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

say "1/3 What it needs"
install_missing $test_packages

say "2/3 Building (a few minutes the first time)"
configure release -DHAWSER_TESTS=ON
cmake --build --preset release -j "$jobs"

say "3/3 Testing"
run_tests release "$@"
