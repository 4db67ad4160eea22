"""shm.* and tcp.*: our time beside the best peer's, over collectives and sizes."""
import contextlib

from figure_rows import launches
from figure_rows.goals import BY_NAME
from figure_rows.machine import hop_ns, need_processors
from figure_rows.outcome import Miss
from figure_rows.rotation import Point, geometric_mean, measure_points

OPERATIONS = ["all_reduce", "all_gather", "reduce_scatter", "broadcast", "all_to_all"]
MIB = 1 << 20
SIZES = [8, 64, 512, 4096, 32768, 262144, MIB, 4 * MIB, 16 * MIB, 64 * MIB]
OVERSUBSCRIBED_SIZES = [8, 512, 4096, 32768, 262144, MIB, 16 * MIB]
SPAN_US = 40_000

cache = {}  # what one run of this program measured already: two figures may share it


@contextlib.contextmanager
def started_jobs(ranks, tcp, say):
    """Ours and every peer, started and standing still. A peer that does not start makes the figure a miss."""
    jobs = []
    try:
        for make in [launches.hawser, *launches.peers(ranks, tcp)]:
            job = make(ranks, tcp)
            jobs.append(job)
            for line in job.launch_lines():
                say(f"launch {job.name}: {line}")
            say(f"started {job.name}: {job.start()}")
            job.pause()
        yield jobs
    finally:
        for job in jobs:
            job.end()


def results(key, ranks, tcp, sizes, memory, goal_ratio, options, hop=hop_ns):
    need_processors(2)
    if key not in cache:
        say = options.say
        with started_jobs(ranks, tcp, say) as jobs:
            points = [Point(operation, size, memory) for operation in OPERATIONS for size in (sizes[::3] if options.quick else sizes)]
            limits = {"kept_wanted": 2, "rounds_most": 6} if options.quick else {}
            span_us = 5_000 if options.quick else SPAN_US
            cache[key] = measure_points(jobs, points, span_us, 0 if options.quick else goal_ratio, say=say, hop=hop, **limits)
    return [result.ratio() for result in cache[key]]


def shm_malloc(options):
    return results("shm", 2, False, SIZES, "malloc", BY_NAME["shm.min_ratio"].goal, options)


def tcp(options):
    return results("tcp", 2, True, SIZES[:-1], "malloc", BY_NAME["tcp.min_ratio"].goal, options)


def shm_min_ratio(options):
    return min(shm_malloc(options))


def shm_geomean(options):
    return geometric_mean(shm_malloc(options))


def shm_shared_geomean(options):
    return geometric_mean(results("shared", 2, False, SIZES, "library", 1.0, options))


def shm_oversubscribed_geomean(options):
    if len(launches.processors()) != 2:
        raise Miss("means 4 ranks on 2 processors: run it under taskset -c 0,1")
    return geometric_mean(results("oversubscribed", 4, False, OVERSUBSCRIBED_SIZES, "malloc", 1.0, options, hop=None))


def tcp_min_ratio(options):
    return min(tcp(options))


def tcp_geomean(options):
    return geometric_mean(tcp(options))
