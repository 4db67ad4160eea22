"""shm.syscalls: allocations and system calls of one rank while it runs operations, by strace and a counting malloc."""
import collections
import pathlib
import re
import tempfile

from figure_rows.machine import need_processors, needed
from figure_rows.outcome import Miss
from figure_rows.own_ranks import Ranks

# bytes, operations, how many sched_yield are free
CASES = [(8, 10_000, 20), (4096, 10_000, 20), (1 << 20, 300, None), (16 << 20, 20, None)]
BEGIN, END = 'write(-1, "begin"', 'write(-1, "end"'


def calls_between_marks(trace):
    """System calls of all threads of the rank, from the mark before its loop to the one after it."""
    counts, inside = collections.Counter(), False
    for line in trace.splitlines():
        if BEGIN in line:
            inside = True
        elif END in line:
            return counts
        elif inside:
            found = re.match(r"^(?:\d+\s+)?(?:<\.\.\. )?(\w+)(?:\(| resumed)", line)
            if found and "resumed" not in line:
                counts[found[1]] += 1
    raise Miss("the marks around the loop are not in the trace")


def beyond(counts, yields, free_yields):
    return sum(counts.values()) + (0 if free_yields is None else max(0, yields - free_yields))


def one_case(size, operations, free_yields, say):
    with tempfile.TemporaryDirectory() as folder:
        trace = pathlib.Path(folder) / "trace"
        # Yields are counted by the program itself: stopping at each would make the peer late, and so provoke the next.
        tool = [needed("strace"), "-f", "--seccomp-bpf", "-e", "trace=!sched_yield", "-o", str(trace)]
        with Ranks(2, ["all_reduce", size, operations, 200, "bind"], around=tool) as ranks:
            status, out, errors = ranks.outcome(0, 120)
            if status:
                raise Miss(f"{size} bytes: rank 0 ended with {status}: {errors.strip()[-300:]}")
            ranks.outcome(1, 30)
        counts = calls_between_marks(trace.read_text(errors="replace"))
    allocations, yields = map(int, re.search(r"allocations (\d+) yields (\d+)", out).groups())
    say(f"  {size} bytes, {operations} operations: {allocations} allocations, {yields} sched_yield, "
        f"else {dict(counts) or 'no system call'}")
    return allocations + beyond(counts, yields, free_yields)


def syscalls(options):
    need_processors(2)
    return sum(one_case(*case, options.say) for case in CASES)
