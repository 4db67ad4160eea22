"""Starts ranks of perf/micro/loop, which does one operation again and again, with a tool around one of them if asked."""
import os
import subprocess
import tempfile

from figure_rows.machine import built


class Ranks:
    """Processes by rank; whatever happens, none is left."""

    def __init__(self, ranks, arguments, tcp=False, around=None):
        self.folder = tempfile.TemporaryDirectory(prefix="hawser-figures-")
        self.processes = []
        environment = {**os.environ, "HAWSER_FILE": os.path.join(self.folder.name, "meet"), "HAWSER_RANKS": str(ranks)}
        if tcp:
            environment["HAWSER_TRANSPORT"] = "tcp"
        for rank in range(ranks):
            tool = around if around and rank == 0 else []
            self.processes.append(subprocess.Popen(
                [*tool, built("perf/micro/loop"), *map(str, arguments)], env={**environment, "HAWSER_RANK": str(rank)}, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()
        self.folder.cleanup()

    def outcome(self, rank, timeout_s):
        """(exit status, standard output, standard error)"""
        process = self.processes[rank]
        out, errors = process.communicate(timeout=timeout_s)
        return process.returncode, out, errors
