"""The figures' arithmetic: the peer with the best median, dropped rounds, a second try, and the last line."""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "perf"))

from figure_rows import rotation, syscalls
from figure_rows.goals import BY_NAME, GOALS
from figure_rows.job import Job
from figure_rows.outcome import Miss
from figure_rows.report import last_line


class FakeJob:
    """Answers with the given times, then repeats the last; the first answer warms up."""

    def __init__(self, name, times, refuses=False):
        self.name, self.times, self.refuses, self.asked, self.running = name, times, refuses, [], False

    def resume(self):
        self.running = True

    def pause(self):
        self.running = False

    def ask(self, question):
        assert self.running, "asked while it stood still"
        self.asked.append(question)
        if self.refuses:
            return "none not offered"
        return f"time {self.times[min(len(self.asked), len(self.times)) - 1]} 10 0"


def steady():
    return 50.0


def quiet(_):
    pass


class Rounds(unittest.TestCase):
    def measure(self, jobs, hop=steady, **options):
        return rotation.measure_point(jobs, rotation.Point("all_reduce", 8), 1000, say=quiet, hop=hop, **options)

    def test_the_peer_of_a_point_is_the_one_with_the_best_median(self):
        result = self.measure([FakeJob("hawser", [100]), FakeJob("one", [150]), FakeJob("two", [120])])
        self.assertEqual(result.best_peer(), "two")
        self.assertAlmostEqual(result.ratio(), 1.2)

    def test_the_ratio_is_the_median_of_the_rounds_ratios(self):
        result = self.measure([FakeJob("hawser", [1, 100, 200, 100]), FakeJob("one", [1, 150, 600, 200])], kept_wanted=3)
        self.assertAlmostEqual(result.ratio(), 2.0)

    def test_rounds_in_which_the_hop_crossed_are_dropped(self):
        hops = iter([50, 250] + [250] * 100)
        result = self.measure([FakeJob("hawser", [100]), FakeJob("one", [150])], hop=lambda: next(hops))
        self.assertEqual(result.dropped, 1)
        self.assertEqual(len(result.times["hawser"]), rotation.KEPT_LEAST)

    def test_too_few_kept_rounds_are_a_miss(self):
        hops = iter([50, 250] * 100)
        with self.assertRaisesRegex(Miss, "only 0 of 21"):
            self.measure([FakeJob("hawser", [100]), FakeJob("one", [150])], hop=lambda: next(hops))

    def test_a_library_without_the_operation_is_left_out_of_that_point(self):
        result = self.measure([FakeJob("hawser", [100]), FakeJob("one", [10], refuses=True), FakeJob("two", [110])])
        self.assertEqual(result.best_peer(), "two")
        self.assertIn("one", result.refusals)

    def test_wrong_elements_are_a_miss(self):
        job = FakeJob("hawser", [100])
        job.ask = lambda _: "time 100 10 3"
        with self.assertRaisesRegex(Miss, "3 wrong elements"):
            self.measure([job, FakeJob("one", [150])])

    def test_a_missed_point_is_measured_once_more_and_the_second_result_stands(self):
        ours = FakeJob("hawser", [200] * 8 + [100])
        jobs, points = [ours, FakeJob("one", [150])], [rotation.Point("all_reduce", 8)]
        results = rotation.measure_points(jobs, points, 1000, 0.95, say=quiet, hop=steady)
        self.assertAlmostEqual(results[0].ratio(), 1.5)

    def test_sizes_are_written_as_people_say_them(self):
        self.assertEqual([rotation.size_text(n) for n in (8, 4096, 1 << 20, 1000)], ["8B", "4KiB", "1MiB", "1000B"])


class SystemCalls(unittest.TestCase):
    TRACE = """12 mmap(NULL, 4096) = 0x7f
12 write(-1, "begin", 5) = -1 EBADF (Bad file descriptor)
12 futex( <unfinished ...>
13 epoll_wait(4, [], 8, -1) = 0
12 <... futex resumed>) = 0
12 futex() = 0
12 write(-1, "end", 3) = -1 EBADF (Bad file descriptor)
12 munmap(0x7f, 4096) = 0
"""

    def test_only_those_between_the_marks_count_and_each_once(self):
        self.assertEqual(syscalls.calls_between_marks(self.TRACE), {"futex": 2, "epoll_wait": 1})

    def test_yields_are_free_up_to_a_number_or_always(self):
        counts = syscalls.calls_between_marks(self.TRACE)
        self.assertEqual(syscalls.beyond(counts, 20, 20), 3)
        self.assertEqual(syscalls.beyond(counts, 21, 20), 4)
        self.assertEqual(syscalls.beyond(counts, 1000, None), 3)

    def test_a_trace_without_marks_is_a_miss(self):
        with self.assertRaises(Miss):
            syscalls.calls_between_marks("12 mmap() = 0")


FAKE_JOB = """
import sys
for line in sys.stdin:
    word = line.split()[0]
    if word == "quit":
        break
    print("noise", flush=True)
    print("version fake 1" if word == "version" else "time 12.5 100 0", flush=True)
"""


class Jobs(unittest.TestCase):
    def start(self, script):
        job = Job("fake", [([sys.executable, "-c", script], {})])
        self.addCleanup(job.end)
        return job

    def test_a_job_answers_stands_still_goes_on_and_ends(self):
        job = self.start(FAKE_JOB)
        self.assertEqual(job.start(), "fake 1")
        job.pause()
        pid = job.processes[0].pid
        for _ in range(200):
            if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T":
                break
            time.sleep(0.01)
        else:
            self.fail("it does not stand still")
        job.resume()
        self.assertEqual(job.ask("point all_reduce 8 1 malloc"), "time 12.5 100 0")

    def test_a_job_that_ends_is_a_miss_with_its_last_words(self):
        job = self.start("import sys; sys.stderr.write('no such library'); sys.exit(1)")
        with self.assertRaisesRegex(Miss, "no such library"):
            job.start()

    def test_a_job_that_does_not_answer_is_a_miss(self):
        job = self.start("import time; time.sleep(60)")
        with self.assertRaisesRegex(Miss, "did not answer"):
            job.start(deadline_s=0.3)


class Goals(unittest.TestCase):
    def test_every_figure_has_its_row(self):
        from figure_rows.rows import ROWS
        self.assertEqual(set(ROWS), {goal.name for goal in GOALS})

    def test_the_last_line_says_pass_miss_or_skip(self):
        goal = BY_NAME["shm.geomean"]
        self.assertEqual(last_line(goal, 1.41), ("shm.geomean 1.41 ratio goal >=1.3 pass", 0))
        self.assertEqual(last_line(goal, 1.2), ("shm.geomean 1.2 ratio goal >=1.3 miss", 1))
        self.assertEqual(last_line(goal, skipped="no two processors"), ("shm.geomean - ratio goal >=1.3 skip (no two processors)", 77))
        self.assertEqual(last_line(BY_NAME["choose.us"], 99.5)[1], 0)
        self.assertEqual(last_line(BY_NAME["choose.us"], 101)[1], 1)


if __name__ == "__main__":
    unittest.main()
