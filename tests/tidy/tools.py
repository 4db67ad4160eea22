"""The two tools that read C++ better than we do. They skip with a sentence where they are missing or of another version."""
import hashlib
import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tree import Finding

VERSION = "14"  # of Debian 12; other versions lay out and warn differently
SAMPLE = 4      # sources looked at besides those of the last commit


class Skip(Exception):
    pass


def find_tool(name):
    tool = shutil.which(f"{name}-{VERSION}") or shutil.which(name)
    if tool is None:
        raise Skip(f"{name} is not installed")
    text = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"version (\d+)", text)
    if version is None or version[1] != VERSION:
        raise Skip(f"{name} {version[1] if version else '?'} is installed; the layout is that of version {VERSION}")
    return tool


def check_format(tree):
    """The layout is clang-format's. `tests/tidy/tidy.py --write-format` lays out."""
    tool = find_tool("clang-format")
    files = [source.path for source in tree.code() if source.suffix not in {".def", ".inc"}]
    if not files:
        return
    run = subprocess.run([tool, "--dry-run", *files], cwd=tree.root, capture_output=True, text=True, check=False)
    seen = set()
    for found in re.finditer(r"^(\S+?):(\d+):\d+: warning: code should be clang-formatted", run.stderr, re.M):
        if found[1] not in seen:
            seen.add(found[1])
            yield Finding(found[1], int(found[2]), "not as clang-format lays it out")
    if run.returncode and not seen:
        yield Finding(".clang-format", 1, run.stderr.strip()[:300])


def write_format(tree):
    files = [source.path for source in tree.code() if source.suffix not in {".def", ".inc"}]
    subprocess.run([find_tool("clang-format"), "-i", *files], cwd=tree.root, check=True)


def compiled_sources(tree, build):
    """Sources of the repository that the build folder compiles, without tests: their framework is slow to read."""
    database = Path(build) / "compile_commands.json"
    if not database.exists():
        raise Skip(f"{database.name} is missing: configure with CMake first")
    root = tree.root.resolve()
    paths = {Path(entry["directory"], entry["file"]).resolve() for entry in json.loads(database.read_text())}
    names = sorted(p.relative_to(root).as_posix() for p in paths if p.is_relative_to(root) and p.suffix == ".cpp")
    return [name for name in names if not name.startswith("tests/")]


def git(tree, *arguments):
    run = subprocess.run(["git", "-C", str(tree.root), *arguments], capture_output=True, text=True, check=False)
    return run.stdout.split() if run.returncode == 0 else []


def sampled(tree, sources):
    """What the last commit changed, and a few others drawn by its name: the same for everybody who has this commit."""
    changed = set(git(tree, "diff", "--name-only", "HEAD~1"))
    head = (git(tree, "rev-parse", "HEAD") or [""])[0]
    drawn = sorted(sources, key=lambda path: hashlib.sha256((head + path).encode()).hexdigest())
    recent = [path for path in drawn if path in changed][:SAMPLE]
    return recent + [path for path in drawn if path not in recent][:SAMPLE]


def check_clang_tidy(tree, build, everything=False):
    """A short list of checks (.clang-tidy), every one an error."""
    tool = find_tool("clang-tidy")
    sources = compiled_sources(tree, build)
    chosen = sources if everything else sampled(tree, sources)
    with ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        for output in pool.map(lambda path: run_clang_tidy(tool, tree, build, path), chosen):
            yield from output


def run_clang_tidy(tool, tree, build, path):
    run = subprocess.run([tool, "--quiet", "-p", str(build), path], cwd=tree.root, capture_output=True, text=True, check=False)
    root, findings = str(tree.root.resolve()) + "/", set()
    for found in re.finditer(r"^(\S+?):(\d+):\d+: (?:error|warning): (.*)$", run.stdout, re.M):
        if found[1].startswith(root) or not found[1].startswith("/"):
            findings.add(Finding(found[1].removeprefix(root), int(found[2]), found[3]))
    if run.returncode and not findings:
        findings.add(Finding(path, 1, "clang-tidy: " + (run.stdout + run.stderr).strip()[:400]))
    return sorted(findings)
