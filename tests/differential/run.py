#!/usr/bin/env python3
"""Runs the differential test under Open MPI's launcher: run.py PROGRAM [RANKS [SEED]]. Skips, with a sentence, where there is none."""
import os
import shutil
import subprocess
import sys

SKIPPED = 77


def main():
    program = sys.argv[1]
    ranks = sys.argv[2] if len(sys.argv) > 2 else "4"
    seed = sys.argv[3] if len(sys.argv) > 3 else "20260101"
    if program == "missing":
        print("differential skipped: Open MPI's compiler was not found when this was configured (apt install libopenmpi-dev)")
        return SKIPPED
    if program == "sanitized":
        print("differential skipped: a sanitizer would report what Open MPI itself leaves behind; the release build runs it")
        return SKIPPED
    launcher = shutil.which("mpirun.openmpi") or shutil.which("mpirun")
    if launcher is None:
        print("differential skipped: there is no mpirun (apt install openmpi-bin)")
        return SKIPPED
    line = [launcher, "--oversubscribe", "--bind-to", "none", "--mca", "pml", "ob1", "--mca", "btl", "self,vader", "-np", ranks]
    line[1:1] = ["--mca", "op", "^avx"]  # that component saturates sums of 8-bit integers instead of letting them wrap
    if os.geteuid() == 0:
        line.append("--allow-run-as-root")
    print(f"differential: {ranks} ranks, seed {seed}", flush=True)
    try:
        return subprocess.run([*line, program, seed], timeout=150, check=False).returncode
    except subprocess.TimeoutExpired:
        print("differential: not done after 150 s")
        return 1


if __name__ == "__main__":
    sys.exit(main())
