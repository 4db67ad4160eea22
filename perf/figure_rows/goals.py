"""Every published figure, its goal and its unit. Goals are copied from the issues; a commit that changes one says so in its title."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    name: str
    unit: str
    at_least: bool  # else: at most
    goal: float
    sentence: str

    def met_by(self, value):
        return value >= self.goal if self.at_least else value <= self.goal

    def goal_text(self):
        return f"{'>=' if self.at_least else '<='}{self.goal:g}"


GOALS = [
    Goal("shm.min_ratio", "ratio", True, 0.95, "worst point, peer/ours: 2 ranks on 2 cores, shared memory, malloc'ed buffers"),
    Goal("shm.geomean", "ratio", True, 1.3, "geometric mean of the same points"),
    Goal("shm.shared_geomean", "ratio", True, 1.8, "the same with our buffers from hawser_alloc"),
    Goal("shm.oversubscribed_geomean", "ratio", True, 1.5, "4 ranks on 2 cores, five collectives, 8 B to 16 MiB"),
    Goal("shm.of_bound", "share", True, 1.0, "16 and 64 MiB all-reduce: model/ours over 0.8 (malloc) and 0.9 (hawser_alloc), the least"),
    Goal("tcp.min_ratio", "ratio", True, 0.95, "worst point, peer/ours: 2 ranks, tcp forced, to 16 MiB"),
    Goal("tcp.geomean", "ratio", True, 1.3, "geometric mean of the same points"),
    Goal("plan.ns_per_step", "ns", False, 5, "128 sends and 128 recv_reduces of 8 B through one operation on an in-process wire"),
    Goal("plan.instructions_8b", "instructions", False, 320, "one 8 B all-reduce of 2 ranks through the C API, everyone on time"),
    Goal("shm.syscalls", "calls", False, 0, "allocations, and system calls beyond 20 sched_yield, in 10,000 operations"),
    Goal("choose.us", "us", False, 100, "one choice at 4,096 ranks of 512 hosts, median over sizes and collectives"),
    Goal("fault.kill_small", "kills", True, 200, "of 200 kill -9 of a random rank of 4 (shm, tcp): all survivors name it within 2 s"),
    Goal("build.minutes", "minutes", False, 5, "clean release build on two cores, tests included"),
    Goal("ci.minutes", "minutes", False, 40, ".ci/run from a clean clone"),
]
BY_NAME = {goal.name: goal for goal in GOALS}
