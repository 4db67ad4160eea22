"""A library as a long-lived job: started once, stopped while others are measured, asked for one block at a time."""
import os
import selectors
import shlex
import signal
import subprocess
import tempfile
import time

from figure_rows.outcome import Miss

ANSWERS = (b"time ", b"none ", b"version ")


def descendants(root):
    """Process ids below root, by walking /proc."""
    children = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as stat:
                parent = int(stat.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(entry))
    found, open_ends = [], [root]
    while open_ends:
        for child in children.get(open_ends.pop(), []):
            found.append(child)
            open_ends.append(child)
    return found


class Job:
    """launches: argument lists with their environments; the first is the one that hears commands and answers. folder: where its processes
    meet, if they need one; it goes when the job ends."""

    def __init__(self, name, launches, folder=None):
        self.name = name
        self.launches = launches
        self.folder = folder
        self.processes = []
        self.errors = tempfile.TemporaryFile()
        self.pids = []
        self.pending = b""

    def launch_lines(self):
        return [" ".join([f"{key}={value}" for key, value in sorted(environment.items())] + [shlex.join(line)])
                for line, environment in self.launches]

    def start(self, deadline_s=60):
        for number, (line, environment) in enumerate(self.launches):
            self.processes.append(subprocess.Popen(
                line, env={**os.environ, **environment}, start_new_session=True, stderr=self.errors,
                stdin=subprocess.PIPE if number == 0 else subprocess.DEVNULL,
                stdout=subprocess.PIPE if number == 0 else self.errors))
        os.set_blocking(self.processes[0].stdout.fileno(), False)
        version = self.ask("version", deadline_s)
        self.pids = [process.pid for process in self.processes]
        for process in self.processes:
            self.pids += descendants(process.pid)
        return version.removeprefix("version ")

    def ask(self, question, deadline_s=120):
        pipe = self.processes[0].stdin
        try:
            pipe.write(question.encode() + b"\n")
            pipe.flush()
        except OSError:
            raise Miss(f"{self.name} has ended: {self.last_words()}") from None
        until = time.monotonic() + deadline_s
        while True:
            line = self._line(until)
            if line.startswith(ANSWERS):
                return line.decode().strip()

    def _line(self, until):
        stdout = self.processes[0].stdout
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while b"\n" not in self.pending:
                if not selector.select(max(0, until - time.monotonic())):
                    raise Miss(f"{self.name} did not answer in time: {self.last_words()}")
                more = stdout.read()
                if not more:
                    raise Miss(f"{self.name} has ended: {self.last_words()}")
                self.pending += more
        line, _, self.pending = self.pending.partition(b"\n")
        return line

    def last_words(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace").strip()[-600:] or "no message"

    def _signal(self, number):
        for pid in self.pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def pause(self):
        self._signal(signal.SIGSTOP)

    def resume(self):
        self._signal(signal.SIGCONT)

    def end(self):
        """Asks it to leave; what is still there after a moment is killed."""
        self.resume()
        if self.processes:
            try:
                self.processes[0].stdin.write(b"quit\n")
                self.processes[0].stdin.close()
            except OSError:
                pass
        until = time.monotonic() + 3
        for process in self.processes:
            try:
                process.wait(max(0.01, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
        for process in self.processes:
            for pid in [*descendants(process.pid), process.pid]:
                if process.poll() is None or pid != process.pid:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
            process.wait()
            if process.stdout:
                process.stdout.close()
        self.errors.close()
        if self.folder:
            self.folder.cleanup()
