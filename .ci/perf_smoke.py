#!/usr/bin/env python3
"""Runs hawser-perf for a moment and reads its JSON back: the rows are there, the numbers make sense, no result was wrong.

  .ci/perf_smoke.py BUILD-FOLDER
"""
import json
import subprocess
import sys
from pathlib import Path

COLLECTIVES = ["all_reduce", "all_to_all"]
SIZES = 4  # 8 B, 512 B, 32 KiB, 2 MiB


def fail(text):
    sys.exit(f"perf smoke: {text}")


def measure(program, collective):
    command = [program, collective, "--ranks", "2", "-b", "8", "-e", "2M", "-f", "64", "-n", "20", "-w", "5", "-c", "1", "--json"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if run.returncode:
        fail(f"{' '.join(map(str, command))} ended with {run.returncode}: {run.stderr.strip()[-500:]}")
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def check(collective, rows):
    rows = [row for row in rows if "bytes" in row]
    if len(rows) != SIZES:
        fail(f"{collective}: {len(rows)} rows of {SIZES}")
    for row in rows:
        if not 0 < row["mean_us"] < 1e7:
            fail(f"{collective}: a mean of {row['mean_us']} us at {row['bytes']} bytes")
        if row["wrong"] != 0:
            fail(f"{collective}: {row['wrong']} wrong elements at {row['bytes']} bytes")
        print(f"   {collective:10} {row['bytes']:>8} bytes {row['mean_us']:>10.2f} us, nothing wrong")


def main():
    program = next((path for path in Path(sys.argv[1]).rglob("hawser-perf") if path.is_file()), None)
    if program is None:
        fail("hawser-perf was not built")
    for collective in COLLECTIVES:
        check(collective, measure(program, collective))


if __name__ == "__main__":
    main()
