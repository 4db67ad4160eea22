"""plan.instructions_8b: what callgrind counts inside hawser_all_reduce on one rank, its peer running free and so always on time."""
import pathlib
import re
import subprocess
import tempfile

from figure_rows.machine import need_processors, needed
from figure_rows.outcome import Miss
from figure_rows.own_ranks import Ranks

FEW, MANY = 2_000, 12_000


def functions_of(profile, operations):
    """Instructions of one operation by function, the most expensive first."""
    run = subprocess.run([needed("callgrind_annotate"), str(profile)], capture_output=True, text=True, timeout=60, check=True)
    rows = re.findall(r"^\s*([\d,]+) \([ \d.]+%\)\s+\S*?:(.*?)(?: \[.*)?$", run.stdout, re.MULTILINE)
    return [(int(count.replace(",", "")) / operations, name[:100]) for count, name in rows[:16]]


def total_of(operations, say):
    """Instructions of the whole program inside hawser_all_reduce."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "callgrind.out"
        tool = [needed("valgrind"), "--tool=callgrind", "--toggle-collect=hawser_all_reduce", f"--callgrind-out-file={out}", "--quiet"]
        with Ranks(2, ["all_reduce", 8, operations, 100, "bind"], around=tool) as ranks:
            for rank in range(2):
                status, _, errors = ranks.outcome(rank, 300)
                if status:
                    raise Miss(f"rank {rank} under callgrind ended with {status}: {errors.strip()[-300:]}")
        found = re.search(r"^(?:totals|summary):\s*(\d+)", out.read_text(), re.MULTILINE)
        if not found or int(found[1]) == 0:
            raise Miss("callgrind saw no instruction inside hawser_all_reduce")
        say(f"  {operations} operations: {found[1]} instructions")
        if operations == MANY:
            for count, name in functions_of(out, operations):
                say(f"  {count:8.1f}  {name}")
        return int(found[1])


def instructions_8b(options):
    """The difference of two lengths: what the first call does once does not count."""
    need_processors(2)
    return (total_of(MANY, options.say) - total_of(FEW, options.say)) / (MANY - FEW)
