"""Who may include whom: the table of rooms, and what must stay out of some of them."""
import re

from tree import Finding

BASE, TOPOLOGY, PLAN, DEVICE = "src/base", "src/topology", "src/plan", "src/device"
MEMORY, NET, BOOTSTRAP, AGREEMENT = "src/memory", "src/net", "src/bootstrap", "src/agreement"
EXECUTOR, LOWERING, ENGINE, COMMUNICATOR = "src/executor", "src/lowering", "src/engine", "src/communicator"
LIBRARY = {BASE, TOPOLOGY, PLAN, DEVICE, MEMORY, NET, BOOTSTRAP, AGREEMENT, EXECUTOR, LOWERING, ENGINE, "transports"}
PUBLIC = "include/hawser"
EVERYTHING = LIBRARY | {"collectives", COMMUNICATOR, "src/api", PUBLIC, "tools", "perf", "perf/micro", "tests", "examples"}

# Room: (rooms it may include, single headers it may include besides). Its own files always.
MAY_INCLUDE = {
    BASE: (set(), set()),
    TOPOLOGY: ({BASE}, set()),
    PLAN: ({BASE, TOPOLOGY}, set()),
    "collectives": ({BASE, TOPOLOGY, PLAN}, set()),
    DEVICE: ({BASE}, set()),
    MEMORY: ({BASE, DEVICE}, {"transports/cells.h"}),
    NET: ({BASE}, set()),
    BOOTSTRAP: ({BASE, NET}, {"src/agreement/exchange.h"}),
    AGREEMENT: ({BASE, TOPOLOGY, NET, BOOTSTRAP, MEMORY}, set()),
    "transports": ({BASE, NET, DEVICE, MEMORY}, set()),
    EXECUTOR: ({BASE, TOPOLOGY, PLAN, DEVICE, MEMORY}, {"transports/transport.h", "transports/cells.h", "transports/catalog.h"}),
    LOWERING: ({BASE, TOPOLOGY, PLAN, DEVICE, MEMORY}, {"transports/cells.h", "src/executor/routine.h"}),
    ENGINE: (LIBRARY - {ENGINE}, set()),
    COMMUNICATOR: (LIBRARY | {"collectives"}, set()),
    "src/api": (LIBRARY | {"collectives", COMMUNICATOR, PUBLIC}, set()),
    PUBLIC: (set(), set()),
    "compat/nccl": ({PUBLIC}, set()),
    "moe": ({PUBLIC, BASE, TOPOLOGY, DEVICE}, set()),
    "tools": ({PUBLIC, BASE, TOPOLOGY, PLAN, "collectives"}, set()),
    "perf": ({PUBLIC, BASE, TOPOLOGY, PLAN, "collectives"}, set()),
    "perf/micro": (EVERYTHING, set()),
    "tests": (EVERYTHING, set()),
    "examples": ({PUBLIC}, set()),
}

HEAVY = re.compile(r"^(nlohmann/|CLI/|spdlog/|hwloc|gtest/|gmock/)")
CUDA = re.compile(r"^(cuda|cub/|thrust/|nvml|nccl|cooperative_groups|driver_types)")
CUDA_FILE = re.compile(r"(^|/)(\w*_cuda|cuda_\w*)\.cu$")
GETENV = re.compile(r"\b(secure_)?getenv\s*\(|\benviron\b")
# What a pure room has no use for: clocks, sockets, threads, the operating system.
IMPURE = re.compile(r"^(chrono|ctime|time\.h|thread|mutex|shared_mutex|condition_variable|future|stop_token|semaphore|latch|barrier|"
                    r"unistd\.h|pthread\.h|sched\.h|poll\.h|netdb\.h|ifaddrs\.h|signal\.h|csignal|(sys|netinet|arpa|net)/.*|"
                    r"src/base/(clock|fd|log)\.h)$")
THREADS = re.compile(r"^(thread|condition_variable|future|pthread\.h)$")


def room_of(path):
    from tree import ROOMS
    return next((room for room in ROOMS if path.startswith(room + "/")), "")


def check_includes(tree):
    """A missing arrow of the table is a failing build."""
    for source in tree.code():
        if not source.room:
            continue
        rooms, headers = MAY_INCLUDE[source.room]
        for line, path, quoted in source.includes():
            target = PUBLIC if path.startswith("hawser/") else room_of(path)
            if quoted and not target and tree.get(path) is None and not is_neighbour(tree, source, path):
                yield Finding(source.path, line, f'"{path}" is not found from the root of the repository')
            if not target or target == source.room or target in rooms or path in headers:
                continue
            yield Finding(source.path, line, f'{source.room} may not include "{path}" (docs/architecture.md, the table of rooms)')


def is_neighbour(tree, source, path):
    """Tests and examples may name a header that lies beside them."""
    folder = source.path.rsplit("/", 1)[0]
    return source.room in {"tests", "examples", "perf", "perf/micro"} and tree.get(f"{folder}/{path}") is not None


def check_getenv(tree):
    """One reader of the environment."""
    for source in tree.code():
        if source.path.startswith(("src/base/config", "src/api/", "tests/")):
            continue
        for line, text in source.code_lines():
            if GETENV.search(text):
                yield Finding(source.path, line, "only src/base/config and src/api read the environment; take a Config")


def check_heavy_headers(tree):
    """Headers that take seconds to compile stay in sources."""
    for source in tree.code():
        if not source.is_header:
            continue
        for line, path, _ in source.includes():
            if HEAVY.match(path) and not (source.room == "tests" and path.startswith(("gtest/", "gmock/"))):
                yield Finding(source.path, line, f"<{path}> is heavy: include it in a source, not in a header")


def check_cuda_headers(tree):
    """CUDA lives in files of its own, beside a host twin."""
    for source in tree.code():
        for line, path, _ in source.includes():
            if CUDA.match(path) and not CUDA_FILE.search(source.path):
                yield Finding(source.path, line, f"<{path}> belongs in a *_cuda.cu or cuda_*.cu file")


def check_purity(tree):
    """plan and collectives touch no clock, socket, thread or environment; the executor has no thread."""
    for source in tree.code():
        for line, path, _ in source.includes():
            if source.room in {PLAN, "collectives"} and IMPURE.match(path):
                yield Finding(source.path, line, f"{source.room} is pure: no <{path}>")
            if source.room == EXECUTOR and THREADS.match(path):
                yield Finding(source.path, line, f"the executor never waits and has no thread: no <{path}>")


RULES = {
    "includes": check_includes,
    "getenv": check_getenv,
    "heavy_headers": check_heavy_headers,
    "cuda_headers": check_cuda_headers,
    "purity": check_purity,
}
