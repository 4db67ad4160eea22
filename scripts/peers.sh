#!/usr/bin/env bash
# Installs the libraries we are measured against and compiles their jobs into build/peers: Open MPI, MPICH and Gloo from apt, Intel MPI from
# its PyPI wheel in a virtual environment (.venv/impi). `scripts/peers.sh --build` compiles only. Safe to repeat.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(openmpi-bin libopenmpi-dev mpich libmpich-dev libgloo-dev libucx-dev python3-venv)
environment=.venv/impi
into=build/peers
say() { printf 'peers: %s\n' "$*"; }

install_packages() {
  local missing=()
  for package in "${packages[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -q '^installed$' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local as_root=""
  [ "$(id -u)" -eq 0 ] || as_root=sudo
  say "installing ${missing[*]}"
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

install_intel_mpi() {
  [ -x "$environment/bin/mpigxx" ] && return
  say "making $environment with Intel MPI"
  python3 -m venv "$environment"
  "$environment/bin/pip" install -q --disable-pip-version-check impi-devel
}

# compile NAME COMPILER...: only when a source is newer than the program.
compile() {
  local program=$into/$1
  shift
  [ -x "$program" ] && [ -z "$(find perf/peers -newer "$program" -name '*.[ch]*')" ] && return
  "$@" -o "$program.new" && mv "$program.new" "$program" && say "compiled $program"
}

build() {
  mkdir -p "$into"
  local flags=(-std=c++20 -O2 perf/peers/job.cpp)
  local failed=0
  compile openmpi_job mpicxx.openmpi "${flags[@]}" perf/peers/mpi_job.cpp || failed=1
  compile mpich_job mpicxx.mpich "${flags[@]}" perf/peers/mpi_job.cpp || failed=1
  local intel=(env "I_MPI_ROOT=$PWD/$environment" "PATH=$PWD/$environment/bin:$PATH")
  compile impi_job "${intel[@]}" mpigxx "${flags[@]}" perf/peers/mpi_job.cpp || failed=1
  compile gloo_job g++ "${flags[@]}" perf/peers/gloo_job.cpp -lgloo -lpthread || failed=1
  return $failed
}

if [ "${1:-}" != --build ]; then
  install_packages
  install_intel_mpi
fi
build
