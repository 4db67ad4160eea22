"""fault.kill_small: a random rank of four is killed at a random moment; every survivor must name it soon, and nothing may stay behind."""
import os
import random
import select
import signal
import subprocess
import time

from figure_rows.own_ranks import Ranks

KILLS = 200
RANKS = 4
SECONDS = 2.0
START_SECONDS = 60


def left_behind():
    return set(os.listdir("/dev/shm"))


def one_kill(number, chance, say):
    """True when every survivor named the victim in time."""
    tcp = number % 2 == 1
    before = left_behind()
    with Ranks(RANKS, ["all_reduce", chance.choice([8, 4096, 1 << 20]), 0, 1], tcp=tcp) as ranks:
        for process in ranks.processes:
            told, _, _ = select.select([process.stdout], [], [], START_SECONDS)
            if not told or process.stdout.readline().strip() != "ready":
                process.kill()
                say(f"  kill {number + 1}: a rank did not start: {process.stderr.read().strip()[-300:]}")
                return False
        time.sleep(chance.uniform(0, 0.05))
        victim = chance.randrange(RANKS)
        ranks.processes[victim].send_signal(signal.SIGKILL)
        until = time.monotonic() + SECONDS
        for rank in range(RANKS):
            if rank == victim:
                continue
            try:
                status, _, errors = ranks.outcome(rank, max(0.01, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(f"  kill {number + 1} ({'tcp' if tcp else 'shm'}): rank {rank} still waits {SECONDS} s after rank {victim} died")
                return False
            if status != 3 or f"rank {victim}" not in errors:
                say(f"  kill {number + 1}: rank {rank} does not name rank {victim}: status {status}, {errors.strip()[-300:]!r}")
                return False
    stays = left_behind() - before
    if stays:
        say(f"  kill {number + 1}: left in /dev/shm: {', '.join(sorted(stays))}")
    return not stays


def kill_small(options):
    seed = random.randrange(1 << 32)
    options.say(f"  seed {seed}")
    chance = random.Random(seed)
    kills = 10 if options.quick else KILLS
    named = sum(one_kill(number, chance, options.say) for number in range(kills))
    options.say(f"  {named} of {kills} named in time")
    return named * KILLS // kills
