"""How each library is started, as its own documentation advises for this use."""
import os
import tempfile

from figure_rows.job import Job
from figure_rows.machine import ROOT, built, processors
from figure_rows.outcome import Miss

PEERS = ROOT / "build" / "peers"
IMPI = ROOT / ".venv" / "impi"


def peer_program(name):
    program = PEERS / name
    if not program.exists():
        raise Miss(f"the peer {program} is missing: run scripts/peers.sh")
    return str(program)


def binding(ranks):
    """Jobs bind themselves, one processor a rank, all alike; or nobody is bound where ranks share processors."""
    return ["bind"] if ranks <= len(processors()) else []


def open_mpi(name, ranks, arguments, environment):
    line = ["mpirun.openmpi", "--bind-to", "none", "-np", str(ranks)]
    if os.geteuid() == 0:
        line.append("--allow-run-as-root")
    if ranks > len(processors()):
        line.append("--oversubscribe")  # also turns yielding on
    for key in environment:
        line += ["-x", key]
    return Job(name, [(line + arguments + [peer_program("openmpi_job"), *binding(ranks)], environment)])


def ob1(ranks, tcp):
    network = ["--mca", "btl", "self,tcp", "--mca", "btl_tcp_if_include", "lo"] if tcp else ["--mca", "btl", "self,vader"]
    return open_mpi("openmpi-ob1", ranks, ["--mca", "pml", "ob1", *network], {})


def ucx(ranks, tcp):
    any_device = ["--mca", "opal_common_ucx_tls", "any", "--mca", "opal_common_ucx_devices", "any"]
    environment = {"UCX_TLS": "tcp,self", "UCX_NET_DEVICES": "lo"} if tcp else {"UCX_TLS": "posix,sysv,cma,self"}
    return open_mpi("openmpi-ucx", ranks, ["--mca", "pml", "ucx", *any_device], environment)


def mpich(ranks, tcp):
    environment = {"MPIR_CVAR_NOLOCAL": "1", "UCX_TLS": "tcp,self", "UCX_NET_DEVICES": "lo"} if tcp else {}
    line = ["mpirun.mpich", "-bind-to", "none", "-np", str(ranks), peer_program("mpich_job"), *binding(ranks)]
    return Job("mpich", [(line, environment)])


def intel_mpi(ranks, tcp, name="intel-mpi", thread_yield="2"):
    environment = {"I_MPI_ROOT": str(IMPI), "I_MPI_FABRICS": "shm", "I_MPI_PIN": "0", "LD_LIBRARY_PATH": str(IMPI / "lib")}
    if tcp:  # inside a host its collectives go through shared memory whatever the fabric is, unless told to be made of messages
        environment |= {"I_MPI_FABRICS": "ofi", "FI_PROVIDER": "tcp", "FI_PROVIDER_PATH": str(IMPI / "lib"), "FI_TCP_IFACE": "lo",
                        "I_MPI_COLL_INTRANODE": "pt2pt"}
    if ranks > len(processors()):
        environment["I_MPI_THREAD_YIELD"] = thread_yield  # 2: sched_yield, 3: a short sleep
    line = [str(IMPI / "bin" / "mpirun"), "-n", str(ranks), peer_program("impi_job"), *binding(ranks)]
    return Job(name, [(line, environment)])


def gloo(ranks, tcp):
    assert tcp
    folder = tempfile.TemporaryDirectory(prefix="gloo-")
    program = peer_program("gloo_job")
    return Job("gloo", [([program, str(rank), str(ranks), folder.name, *binding(ranks)], {}) for rank in range(ranks)], folder)


def hawser(ranks, tcp):
    folder = tempfile.TemporaryDirectory(prefix="hawser-figures-")
    environment = {"HAWSER_FILE": os.path.join(folder.name, "meet"), "HAWSER_RANKS": str(ranks)}
    if tcp:
        environment["HAWSER_TRANSPORT"] = "tcp"
    program = built("perf/peers/hawser_job")
    return Job("hawser", [([program, *binding(ranks)], {**environment, "HAWSER_RANK": str(rank)}) for rank in range(ranks)], folder)


def intel_mpi_sleeping(ranks, tcp):
    return intel_mpi(ranks, tcp, "intel-mpi-sleeping", "3")


def peers(ranks, tcp):
    """Where ranks share processors Intel MPI is run both ways: its documentation leaves open which is better."""
    if tcp:
        return [ob1, ucx, mpich, intel_mpi, gloo]
    return [ob1, ucx, mpich, intel_mpi] + ([intel_mpi_sleeping] if ranks > len(processors()) else [])
