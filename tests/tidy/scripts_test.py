"""The scripts a stranger types first, tried without changing the machine: apt, dpkg and hawser-perf are played by small programs."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOG = """Start testing
----------------------------------------------------------
1/3 Testing: cluster
Output:
----------------------------------------------------------
cluster skipped: no user namespaces here
<end of output>
Test Passed.
2/3 Testing: lowering
Output:
[ RUN      ] Island.OnFourCpus
island_test.cpp:12: Skipped
needs four processors
[  SKIPPED ] Island.OnFourCpus (0 ms)
[ RUN      ] Island.OnOne
[       OK ] Island.OnOne (0 ms)
Test Passed.
3/3 Testing: base
Output:
[ RUN      ] Words.SkipNothing
[       OK ] Words.SkipNothing (0 ms)
Test Passed.
"""
OUTPUT = """1/3 Test #1: cluster ..........................***Skipped   0.10 sec
2/3 Test #2: lowering .........................   Passed    0.10 sec
"""
ROW = '{{"collective": "x", "bytes": {bytes}, "mean_us": {mean}, "wrong": {wrong}}}'


class Scripts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hawser-scripts-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def program(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def run_script(self, *command, **environment):
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, check=False, cwd="/",
                              env={**os.environ, **environment})

    def test_every_shell_script_parses_and_stops_at_errors(self):
        for script in [*ROOT.glob("scripts/*.sh"), ROOT / ".ci/run"]:
            with self.subTest(script.name):
                self.assertEqual(self.run_script("bash", "-n", script).returncode, 0)
                if script.name != "common.sh":
                    self.assertIn("set -euo pipefail", script.read_text())
                    self.assertTrue(os.access(script, os.X_OK))

    def test_skips_are_told_with_their_sentence(self):
        said = self.skips(LOG)
        self.assertEqual(said, "\nSkipped here: 2\n   cluster: cluster skipped: no user namespaces here\n"
                               "   lowering: Island.OnFourCpus: needs four processors\n")

    def test_a_run_without_skips_says_so(self):
        self.assertEqual(self.skips(LOG[LOG.index("3/3 Testing"):], ""), "\nNothing was skipped.\n")

    def skips(self, log, output=OUTPUT):
        (self.folder / "LastTest.log").write_text(log)
        (self.folder / "test.log").write_text(output)
        return self.run_script(sys.executable, ROOT / "scripts/skips.py", self.folder / "test.log", self.folder / "LastTest.log").stdout

    def install(self, installed, user, *packages):
        """install_missing on a machine that has `installed` only. Answers (exit, what was said, what apt-get was told)."""
        self.program("dpkg-query", f'#!/bin/sh\nfor name; do :; done\ncase " {installed} " in *" $name "*) printf installed ;; esac\n')
        self.program("apt-get", '#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >> "$RECORD"\n')
        self.program("id", f"#!/bin/sh\necho {user}\n")
        self.program("sudo", '#!/bin/sh\necho sudo >> "$RECORD"\nexec "$@"\n')
        record = self.folder / "record"
        done = self.run_script("bash", "-c", f'set -euo pipefail; source "{ROOT}/scripts/common.sh"; install_missing {" ".join(packages)}',
                               PATH=f"{self.folder}:{os.environ['PATH']}", RECORD=str(record))
        return done.returncode, done.stdout + done.stderr, record.read_text() if record.exists() else ""

    def test_nothing_missing_asks_nobody(self):
        status, said, told = self.install("libx-dev liby-dev", 1000, "libx-dev", "liby-dev")
        self.assertEqual((status, told), (0, ""))
        self.assertIn("Everything needed is installed", said)

    def test_only_what_is_missing_is_installed(self):
        status, said, told = self.install("libx-dev", 0, "libx-dev", "liby-dev")
        self.assertEqual(status, 0, said)
        self.assertEqual(told, "noninteractive -qq update\nnoninteractive -qq install -y --no-install-recommends liby-dev\n")

    def test_sudo_is_for_those_who_are_not_root(self):
        status, said, told = self.install("", 1000, "liby-dev")
        self.assertEqual(status, 0, said)
        self.assertEqual(told.count("sudo\n"), 2)

    def smoke(self, mean="1.5", wrong="0", sizes=(8, 512, 32768, 2097152), status=0):
        rows = "\n".join(ROW.format(bytes=size, mean=mean, wrong=wrong) for size in sizes)
        self.program("hawser-perf", f"#!/bin/sh\ncat <<'END'\n# a remark\n{rows}\nEND\nexit {status}\n")
        return self.run_script(sys.executable, ROOT / ".ci/perf_smoke.py", self.folder)

    def test_a_good_measurement_passes(self):
        done = self.smoke()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("nothing wrong"), 8)

    def test_a_bad_measurement_fails(self):
        for bad in ({"wrong": "3"}, {"mean": "0"}, {"sizes": (8,)}, {"status": 1}):
            with self.subTest(bad):
                self.assertEqual(self.smoke(**bad).returncode, 1)


if __name__ == "__main__":
    unittest.main()
