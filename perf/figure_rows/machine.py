"""What the machine is like right now: processors, and how long a flag takes from one core to another."""
import os
import pathlib
import shutil
import subprocess

from figure_rows.outcome import Miss, Skip

ROOT = pathlib.Path(__file__).resolve().parents[2]
build_folder = ROOT / "build" / "release"


def use_build(folder):
    """Measures another build than the usual one."""
    global build_folder
    build_folder = pathlib.Path(folder).resolve()


def built(relative):
    """A program of the release build. That it is missing is our failure, not the machine's."""
    program = build_folder / relative
    if not program.exists():
        raise Miss(f"{program} is not built: cmake --preset release && cmake --build --preset release")
    return str(program)


def needed(program):
    if shutil.which(program) is None:
        raise Skip(f"{program} is not installed")
    return program


def processors():
    return sorted(os.sched_getaffinity(0))


def need_processors(count):
    if len(processors()) < count:
        raise Skip(f"needs {count} processors, has {len(processors())}")


def hop_ns():
    """One way, nanoseconds, the median of some milliseconds of ping-pong between the first two processors."""
    first, second = processors()[:2]
    out = subprocess.run([built("perf/micro/hop"), str(first), str(second)], capture_output=True, text=True, timeout=20, check=True)
    return float(out.stdout.split()[0])


def describe():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown processor")
    return f"{model}, {len(processors())} processors, Linux {os.uname().release}"
