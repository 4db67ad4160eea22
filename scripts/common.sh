# Sourced by the other scripts: where the repository is, how to say what happens, and how to install what is missing.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repository"

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
note() { printf '   %s\n' "$*"; }

jobs=$(nproc)

# Names are those of Debian 12 and Ubuntu 24.04 alike.
build_packages="g++ cmake ninja-build pkg-config libssl-dev libfmt-dev libspdlog-dev nlohmann-json3-dev libcli11-dev libhwloc-dev
                libhwy-dev libpmix-dev"
test_packages="$build_packages python3 libgtest-dev libgmock-dev libopenmpi-dev openmpi-bin iproute2 util-linux"

is_installed() {
  case $1 in
    g++ | cmake | python3) command -v "$1" >/dev/null && return ;;
    ninja-build) command -v ninja >/dev/null && return ;;
    pkg-config) command -v pkg-config >/dev/null && return ;;
  esac
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_missing PACKAGE ...: by apt, and only what is not there. Asks for root only when it must.
install_missing() {
  local missing=() package as_root=()
  if ! command -v apt-get >/dev/null; then
    note "There is no apt-get here. Needed are the equivalents of: $*"
    return 0
  fi
  for package in "$@"; do is_installed "$package" || missing+=("$package"); done
  if [ ${#missing[@]} -eq 0 ]; then
    note "Everything needed is installed."
    return 0
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "Missing: ${missing[*]}. Install them as root, or install sudo, and start again." >&2
      return 1
    fi
    as_root=(sudo)
  fi
  note "Installing by apt: ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# configure PRESET [OPTION ...]: quiet unless it fails.
configure() {
  local preset=$1 text
  shift
  if ! text=$(cmake --preset "$preset" "$@" 2>&1); then
    printf '%s\n' "$text" >&2
    echo "Configuring the preset \"$preset\" failed; the lines above say why." >&2
    return 1
  fi
}

# Put before ctest by run_tests.
test_prefix=()

# run_tests PRESET [CTEST OPTION ...]: every test with its time limit; afterwards the sentences of those that skipped.
run_tests() {
  local preset=$1 log status=0
  shift
  log=build/$preset/test.log
  "${test_prefix[@]}" ctest --preset "$preset" -j2 --timeout 300 --output-on-failure --no-tests=error "$@" 2>&1 | tee "$log" || status=$?
  print_skips "$log" "build/$preset"
  return "$status"
}

# print_skips OUTPUT BUILD: what was skipped, and why; ctest keeps what every test said in LastTest.log.
print_skips() {
  python3 scripts/skips.py "$1" "$2/Testing/Temporary/LastTest.log"
}
