"""Which function measures which figure. Each takes the options of this run and returns the value, or raises Skip or Miss."""
from figure_rows import against_peers, faults, instructions, minutes, of_bound, plans, syscalls

ROWS = {
    "shm.min_ratio": against_peers.shm_min_ratio,
    "shm.geomean": against_peers.shm_geomean,
    "shm.shared_geomean": against_peers.shm_shared_geomean,
    "shm.oversubscribed_geomean": against_peers.shm_oversubscribed_geomean,
    "shm.of_bound": of_bound.of_bound,
    "tcp.min_ratio": against_peers.tcp_min_ratio,
    "tcp.geomean": against_peers.tcp_geomean,
    "plan.ns_per_step": plans.ns_per_step,
    "plan.instructions_8b": instructions.instructions_8b,
    "shm.syscalls": syscalls.syscalls,
    "choose.us": plans.choose_us,
    "fault.kill_small": faults.kill_small,
    "build.minutes": minutes.build,
    "ci.minutes": minutes.ci,
}
