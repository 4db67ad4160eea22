"""plan.ns_per_step and choose.us: microbenchmarks that print one number."""
import statistics
import subprocess

from figure_rows.machine import built
from figure_rows.outcome import Miss


def numbers_of(program, runs, say):
    values = []
    for number in range(runs):
        run = subprocess.run([built(program)], capture_output=True, text=True, timeout=120)
        if run.returncode:
            raise Miss(f"{program} failed: {run.stderr.strip()[-300:]}")
        values.append(float(run.stdout.split()[0]))
        say(f"  {program} run {number + 1}: {run.stdout.strip()}")
    return values


def ns_per_step(options):
    return statistics.median(numbers_of("perf/micro/plan_steps", 3 if options.quick else 9, options.say))


def choose_us(options):
    return statistics.median(numbers_of("perf/micro/choose_speed", 1 if options.quick else 5, options.say))
