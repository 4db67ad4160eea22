"""build.minutes and ci.minutes: from a clean clone, without a compiler cache."""
import os
import shutil
import subprocess
import tempfile
import time

from figure_rows.machine import ROOT, need_processors, needed, processors
from figure_rows.outcome import Miss, Skip


def timed_in_clone(command, say, limit_s):
    """Minutes of a shell command in a clean clone of what is committed, on two processors."""
    need_processors(2)
    needed("git")
    with tempfile.TemporaryDirectory(prefix="hawser-clone-") as folder:
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), folder], check=True)
        environment = {**os.environ, "CCACHE_DISABLE": "1"}
        two = ",".join(str(processor) for processor in processors()[:2])
        start = time.monotonic()
        try:
            run = subprocess.run(["taskset", "-c", two, "bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True,
                                 timeout=limit_s, errors="replace")
        except subprocess.TimeoutExpired:
            raise Miss(f"not done after {limit_s // 60} minutes") from None
        minutes = (time.monotonic() - start) / 60
        for line in run.stdout.splitlines()[-5:]:
            say(f"  {line}")
        if run.returncode:
            raise Miss(f"it failed with {run.returncode}: {(run.stderr or run.stdout).strip()[-300:]}")
        return minutes


def build(options):
    command = "cmake --preset release && cmake --build --preset release -j 2"
    return timed_in_clone(command, options.say, 3600)


def ci(options):
    if os.geteuid() != 0 and shutil.which("sudo") is None:
        raise Skip("it installs packages, and there is neither root nor sudo")
    return timed_in_clone(".ci/run", options.say, 2 * 3600)
