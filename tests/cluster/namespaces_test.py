#!/usr/bin/env python3
"""Two ranks in two network namespaces, joined by one link that a token bucket slows down, over IPv4 and over IPv6.

  namespaces_test.py HAWSER_PERF      needs no root where user namespaces are allowed; else it skips with a sentence
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

SKIP = 77
LINK_MBIT = 400
SIZE = 1 << 20
NAMESPACE = "far"
LINK = f"""
set -e
ip link set lo up
mount -t tmpfs none /run
mkdir -p /run/netns
ip netns add {NAMESPACE}
ip netns exec {NAMESPACE} ip link set lo up
ip link add near0 type veth peer name far0 netns {NAMESPACE}
tc qdisc add dev near0 root tbf rate {LINK_MBIT}mbit burst 64kb latency 100ms
ip netns exec {NAMESPACE} tc qdisc add dev far0 root tbf rate {LINK_MBIT}mbit burst 64kb latency 100ms
"""
ADDRESSES = {
    "IPv4": ("ip addr add 10.99.7.1/24 dev near0", "ip addr add 10.99.7.2/24 dev far0"),
    "IPv6": ("ip -6 addr add fd99:7::1/64 dev near0 nodad", "ip -6 addr add fd99:7::2/64 dev far0 nodad"),
}


def say(text):
    print(text, flush=True)


def skip(why):
    say(f"namespaces skipped: {why}")
    sys.exit(SKIP)


def shell(text):
    return subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=60, check=False)


def must(condition, text):
    if not condition:
        say(f"FAILED: {text}")
        sys.exit(1)


def rank(program, number, folder, prefix, arguments):
    environment = {**os.environ, "HAWSER_FILE": os.path.join(folder, "meet"), "HAWSER_RANKS": "2", "HAWSER_RANK": str(number),
                   "HAWSER_HOST": f"host{number}", "HAWSER_TIMEOUT": "60"}
    return subprocess.Popen([*prefix, program, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run_pair(program, arguments):
    """Both ranks' (status, output, errors)."""
    with tempfile.TemporaryDirectory(prefix="hawser-namespaces-") as folder:
        ranks = [rank(program, 0, folder, [], arguments), rank(program, 1, folder, ["ip", "netns", "exec", NAMESPACE], arguments)]
        try:
            told = [one.communicate(timeout=90) for one in ranks]
        finally:
            for one in ranks:
                one.kill()
        return [(one.returncode, out, errors) for one, (out, errors) in zip(ranks, told)]


def check_collective(program, version, collective):
    ends = run_pair(program, [collective, "-b", str(SIZE), "-e", str(SIZE), "-n", "3", "-w", "1", "-c", "1", "-d", "f32", "--json"])
    for number, (status, _, errors) in enumerate(ends):
        must(status == 0, f"{collective} over {version}: rank {number} ended with {status}: {errors.strip()[-400:]}")
    rows = [json.loads(line) for line in ends[0][1].splitlines() if line.startswith("{")]
    rows = [row for row in rows if "mean_us" in str(row)]
    must(rows, f"{collective} over {version}: rank 0 printed no row")
    must(rows[0]["wrong"] == 0, f"{collective} over {version}: {rows[0]['wrong']} elements are wrong")
    # Half of the vector at least crosses the link in some direction, less what the bucket lets through at once.
    least_us = (SIZE / 2 - 128 * 1024) * 8 / LINK_MBIT
    took_us = rows[0]["mean_us"]
    must(took_us > least_us, f"{collective} over {version} took {took_us} us: no {LINK_MBIT} Mbit/s link was crossed")
    say(f"{collective} of 1 MiB over {version}: {took_us / 1e3:.1f} ms, every result right; the link alone takes {least_us / 1e3:.1f}")


def check_cut(program):
    """What is sent arrives nowhere any more, as when a switch dies: both ranks are told within seconds, neither hangs."""
    nowhere = "lladdr 02:00:00:00:00:99 nud permanent dev"
    cut = subprocess.Popen(["bash", "-c", f"sleep 2; ip -6 neigh replace fd99:7::2 {nowhere} near0; "
                                          f"ip netns exec {NAMESPACE} ip -6 neigh replace fd99:7::1 {nowhere} far0"])
    begin = time.monotonic()
    ends = run_pair(program, ["all_reduce", "-b", "16M", "-e", "16M", "-n", "1000", "-w", "1", "-c", "0", "-d", "f32", "--json"])
    cut.wait()
    for number, (status, _, errors) in enumerate(ends):
        must(status not in (0, None), f"rank {number} ended well over a link that was cut")
        must(f"rank {1 - number}" in errors, f"rank {number} does not name the other one: {errors.strip()[-400:]}")
    took_s = time.monotonic() - begin
    must(took_s < 30, f"the ranks ended only after {took_s:.0f} s")
    say(f"a link cut under way: both ranks name each other and end, {took_s - 2:.0f} s after the cut")


def inside(program):
    made = shell(LINK)
    if made.returncode:
        skip(f"no link between network namespaces can be made here ({made.stderr.strip().splitlines()[-1]})")
    up = "ip link set near0 up; ip netns exec " + NAMESPACE + " ip link set far0 up; "
    for version, (near, far) in ADDRESSES.items():
        flush = f"ip addr flush dev near0; ip netns exec {NAMESPACE} ip addr flush dev far0; "
        addressed = shell(f"set -e; {up}{flush}{near}; ip netns exec {NAMESPACE} {far}")
        if addressed.returncode:
            skip(f"no {version} between network namespaces here ({addressed.stderr.strip()})")
        for collective in ("all_reduce", "all_to_all", "broadcast"):
            check_collective(program, version, collective)
    check_cut(program)


def main():
    program = os.path.abspath(sys.argv[-1])
    if sys.argv[1] == "--inside":
        inside(program)
        return
    for tool in ("unshare", "ip", "tc", "mount"):
        if shutil.which(tool) is None:
            skip(f"{tool} is not installed")
    if shell("unshare -Urnm true").returncode:
        skip("user namespaces are not allowed here")
    line = ["unshare", "-Urnm", sys.executable, "-B", os.path.abspath(__file__), "--inside", program]
    sys.exit(subprocess.run(line, check=False).returncode)


if __name__ == "__main__":
    main()
