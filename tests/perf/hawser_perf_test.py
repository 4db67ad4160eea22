"""hawser-perf as people use it: hawser_perf_test.py PROGRAM."""
import json
import os
import signal
import subprocess
import sys
import time
import unittest

PROGRAM = sys.argv.pop()


def run(*arguments, timeout=60):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=timeout, check=False)


def rows_of(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return [int(word) for word in children.read().split()]


class Measuring(unittest.TestCase):
    def test_every_collective_measures_and_is_right(self):
        for collective in ["all_reduce", "reduce", "broadcast", "all_gather", "reduce_scatter", "all_to_all", "sendrecv"]:
            with self.subTest(collective):
                result = run(collective, "--ranks", "3", "-b", "8", "-e", "64K", "-f", "64", "-n", "5", "--json")
                self.assertEqual(result.returncode, 0, result.stderr)
                rows = rows_of(result)
                self.assertEqual(len(rows), 3)
                for row in rows:
                    self.assertEqual((row["collective"], row["ranks"], row["wrong"]), (collective, 3, 0))
                    self.assertGreater(row["mean_us"], 0)
                    self.assertLessEqual(row["p50_us"], row["p99_us"])

    def test_every_type_and_operation_is_right(self):
        for number, kind in enumerate(["i8", "u8", "i32", "u32", "i64", "u64", "f16", "bf16", "f32", "f64"]):
            operation = ["sum", "prod", "min", "max", "avg"][number % 5]
            with self.subTest(kind + " " + operation):
                result = run("all_reduce", "--ranks", "2", "-b", "1000", "-e", "1000", "-n", "2", "-d", kind, "-o", operation, "--json")
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(rows_of(result)[0]["wrong"], 0)

    def test_the_table_has_a_line_for_every_size_and_says_that_all_is_right(self):
        result = run("all_reduce,all_to_all", "--ranks", "2", "-b", "8", "-e", "32", "-n", "5", "--memory", "library")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len([line for line in result.stdout.splitlines() if not line.startswith("#")]), 6)
        self.assertIn("every result is right", result.stdout)

    def test_explain_shows_the_plan_and_its_bound(self):
        result = run("all_reduce", "--ranks", "2", "-b", "1M", "-e", "1M", "--explain")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("bound", result.stdout)

    def test_one_rank_alone_needs_no_launcher(self):
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("HAWSER_", "OMPI_", "PMIX_", "RANK"))}
        line = [PROGRAM, "all_reduce", "-e", "8", "-n", "5"]
        result = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)


class Mistakes(unittest.TestCase):
    def test_each_is_named(self):
        mistakes = [(["sum_up"], "sum_up"), (["-d", "f12"], "f12"), (["-o", "xor"], "xor"), (["-b", "x"], "-b"), (["-f", "1"], "-f"),
                    (["--memory", "gpu"], "--memory"), (["--nonsense"], "nonsense"), (["--ranks", "-1"], "--ranks")]
        for arguments, said in mistakes:
            with self.subTest(arguments):
                result = run(*arguments)
                self.assertEqual(result.returncode, 2)
                self.assertIn(said, result.stderr + result.stdout)

    def test_a_wrong_setting_fails_on_every_rank(self):
        result = run("--ranks", "2", "--settings", "colour=blue", "-e", "8")
        self.assertEqual(result.returncode, 1)
        self.assertIn("colour", result.stderr)

    def test_a_root_that_does_not_exist(self):
        result = run("broadcast", "--ranks", "2", "-r", "2", "-e", "8")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no rank 2", result.stderr)


class Endings(unittest.TestCase):
    def start(self):
        process = subprocess.Popen([PROGRAM, "all_reduce", "--ranks", "3", "-b", "64K", "-e", "64K", "-n", "100000000"], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        until = time.monotonic() + 20
        while len(children_of(process.pid)) < 3 and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(1)  # let them meet
        return process, children_of(process.pid)

    def expect_gone(self, pids):
        until = time.monotonic() + 5
        while any(os.path.exists(f"/proc/{pid}") for pid in pids) and time.monotonic() < until:
            time.sleep(0.02)
        self.assertEqual([pid for pid in pids if os.path.exists(f"/proc/{pid}")], [])

    def test_interrupting_it_leaves_no_rank(self):
        process, ranks = self.start()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), 130)
        self.expect_gone(ranks)
        process.communicate()

    def test_killing_it_leaves_no_rank(self):
        process, ranks = self.start()
        process.kill()
        process.communicate(timeout=10)
        self.expect_gone(ranks)

    def test_a_rank_that_dies_is_reported_and_ends_the_run(self):
        process, ranks = self.start()
        os.kill(ranks[1], signal.SIGKILL)
        _, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 1)
        self.assertIn("was killed by signal 9", errors)
        self.expect_gone(ranks)


if __name__ == "__main__":
    unittest.main()
