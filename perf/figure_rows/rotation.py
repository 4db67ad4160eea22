"""Rounds: every job measures one block in turn while the others stand still; a round in which the machine changed its state is dropped."""
import statistics
from dataclasses import dataclass, field

from figure_rows.machine import hop_ns
from figure_rows.outcome import Miss

NEAR_NS = 100
KEPT_LEAST = 7
ROUNDS_MOST = 21


@dataclass
class Point:
    operation: str
    bytes: int
    memory: str = "malloc"  # ours; the peers keep malloc

    def __str__(self):
        return f"{self.operation} {size_text(self.bytes)}"


@dataclass
class Result:
    """Of one point: ns per operation by library and round; ratio is peer/ours, the peer being the one with the best median."""
    point: Point
    times: dict = field(default_factory=dict)
    dropped: int = 0
    refusals: dict = field(default_factory=dict)

    def best_peer(self):
        peers = {name: statistics.median(values) for name, values in self.times.items() if name != "hawser"}
        if not peers:
            raise Miss(f"{self.point}: no peer")
        return min(peers, key=peers.get)

    def ratio(self):
        peer = self.best_peer()
        return statistics.median(theirs / ours for theirs, ours in zip(self.times[peer], self.times["hawser"], strict=True))

    def text(self):
        times = "  ".join(f"{name} {statistics.median(values) / 1e3:.3f}" for name, values in sorted(self.times.items()))
        spread = max(self.times["hawser"]) / min(self.times["hawser"])
        return (f"{str(self.point):28} us: {times}  best {self.best_peer()} ratio {self.ratio():.2f}  "
                f"kept {len(self.times['hawser'])} dropped {self.dropped} spread {spread:.2f}")


def size_text(count):
    for unit, size in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size and count % size == 0:
            return f"{count // size}{unit}"
    return f"{count}B"


def ask_block(job, point, span_us):
    """Nanoseconds of one operation, or None and the reason why the library has no such operation."""
    memory = point.memory if job.name == "hawser" else "malloc"
    job.resume()
    try:
        answer = job.ask(f"point {point.operation} {point.bytes} {span_us} {memory}")
    finally:
        job.pause()
    kind, _, rest = answer.partition(" ")
    if kind == "none":
        return None, rest
    time_ns, operations, wrong = rest.split()
    if int(wrong):
        raise Miss(f"{job.name} gave {wrong} wrong elements in {point}")
    return float(time_ns), operations


def crossed(hops):
    return any(hop < NEAR_NS for hop in hops) and any(hop >= NEAR_NS for hop in hops)


def measure_point(jobs, point, span_us, kept_wanted=KEPT_LEAST, rounds_most=ROUNDS_MOST, say=print, hop=hop_ns):
    """hop None: where ranks share processors it means nothing, and no round is dropped."""
    result = Result(point)
    able = list(jobs)
    for job in jobs:  # once, to warm up and to learn who has the operation
        time_ns, reason = ask_block(job, point, span_us)
        if time_ns is None:
            able.remove(job)
            result.refusals[job.name] = reason
    for number in range(rounds_most):
        if len(result.times.get("hawser", [])) >= kept_wanted:
            break
        hops = [hop()] if hop else []
        times = {}
        for job in able[number % len(able):] + able[:number % len(able)]:
            times[job.name] = ask_block(job, point, span_us)[0]
        hops += [hop()] if hop else []
        drop = crossed(hops)
        shown = " ".join(f"{name} {value / 1e3:.3f}" for name, value in sorted(times.items()))
        hop_text = "/".join(f"{value:.0f}" for value in hops) or "-"
        say(f"  {point} round {number + 1}: hop {hop_text} ns; us {shown}{' DROPPED' if drop else ''}")
        if drop:
            result.dropped += 1
            continue
        for name, value in times.items():
            result.times.setdefault(name, []).append(value)
    kept = len(result.times.get("hawser", []))
    if kept < kept_wanted:
        raise Miss(f"{point}: only {kept} of {rounds_most} rounds kept, {kept_wanted} needed")
    return result


def measure_points(jobs, points, span_us, goal_ratio, say=print, **options):
    """A point below goal_ratio is measured once more, and the second result stands."""
    results = []
    for point in points:
        try:
            result = measure_point(jobs, point, span_us, say=say, **options)
            missed = f"ratio {result.ratio():.2f}" if result.ratio() < goal_ratio else None
        except Miss as why:
            missed = str(why)
        if missed:
            say(f"  {point} {missed}: once more")
            result = measure_point(jobs, point, span_us, say=say, **options)
        say(result.text())
        results.append(result)
    return results


def geometric_mean(values):
    return statistics.geometric_mean(values)
