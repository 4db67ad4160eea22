"""shm.of_bound: large all-reduces beside what copying alone would take, measured in the same rounds."""
import statistics
import subprocess

from figure_rows import launches
from figure_rows.machine import built, hop_ns, need_processors, processors
from figure_rows.outcome import Miss
from figure_rows.rotation import KEPT_LEAST, ROUNDS_MOST, Point, ask_block, crossed

MIB = 1 << 20
# (our memory, the model that bounds it, the share of it that we ask for)
WAYS = [("malloc", "bounce", 0.8), ("library", "copy", 0.9)]


def model_ns(model, size, span_ms):
    first, second = processors()[:2]
    line = [built("perf/micro/copy_model"), model, str(size), str(span_ms), str(first), str(second)]
    out = subprocess.run(line, capture_output=True, text=True, timeout=120, check=True)
    return float(out.stdout.split()[0])


def share_of(job, size, way, options):
    """Median over the kept rounds of model/ours."""
    memory, model, _ = way
    point = Point("all_reduce", size, memory)
    span_ms, kept = (10, 2) if options.quick else (150, KEPT_LEAST)
    shares, dropped = [], 0
    ask_block(job, point, span_ms * 1000)
    for number in range(ROUNDS_MOST):
        if len(shares) == kept:
            break
        hops = [hop_ns()]
        ours = ask_block(job, point, span_ms * 1000)[0]
        bound = model_ns(model, size, span_ms)
        hops.append(hop_ns())
        drop = crossed(hops)
        options.say(f"  {point} {memory} round {number + 1}: hop {hops[0]:.0f}/{hops[1]:.0f} ns; us ours {ours / 1e3:.1f} {model} "
                    f"{bound / 1e3:.1f}{' DROPPED' if drop else ''}")
        if drop:
            dropped += 1
        else:
            shares.append(bound / ours)
    if len(shares) < kept:
        raise Miss(f"{point} {memory}: only {len(shares)} rounds kept, {dropped} dropped")
    share = statistics.median(shares)
    options.say(f"{point} {memory}: {share:.2f} of {model}, {dropped} dropped")
    return share


def of_bound(options):
    need_processors(2)
    job = launches.hawser(2, False)
    try:
        for line in job.launch_lines():
            options.say(f"launch {job.name}: {line}")
        job.start()
        job.pause()
        return min(share_of(job, size, way, options) / way[2] for size in (16 * MIB, 64 * MIB) for way in WAYS)
    finally:
        job.end()
