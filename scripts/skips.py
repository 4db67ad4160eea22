#!/usr/bin/env python3
"""Prints what tests skipped, each with its sentence, from ctest's LastTest.log: whole tests (exit 77) and single GoogleTest cases."""
import re
import sys
from pathlib import Path

SAYS_SKIPPED = re.compile(r"\bskip(s|ped)?\b", re.I)


def sections(log):
    """(test name, what it printed) of every test in the log."""
    for part in re.split(r"^\d+/\d+ Testing: ", log, flags=re.M)[1:]:
        name, _, rest = part.partition("\n")
        yield name.strip(), rest


def single_cases(output):
    """(case, sentence) of GoogleTest cases that called GTEST_SKIP: the sentence stands between "Skipped" and the case's end."""
    for found in re.finditer(r"^\[ RUN      \] (\S+)\n(.*?)^\[  SKIPPED \] \1", output, re.M | re.S):
        lines = [line.strip() for line in found[2].split("\n") if line.strip()]
        lines = [line for line in lines if not re.match(r"^\S+:\d+: Skipped$", line)]
        yield found[1], " ".join(lines) or "no reason given"


def skips(log):
    for name, output in sections(log):
        cases = list(single_cases(output))
        yield from ((f"{name}: {case}", why) for case, why in cases)
        if not cases and re.search(r"^Test (Skipped|Not Run)", output, re.M):
            lines = [line.strip() for line in output.split("\n") if SAYS_SKIPPED.search(line) and not line.startswith("Test ")]
            yield name, lines[0] if lines else "no reason given"


def main():
    path = Path(sys.argv[1])
    found = list(skips(path.read_text(errors="replace"))) if path.exists() else []
    print(f"\nSkipped here: {len(found)}" if found else "\nNothing was skipped.")
    for name, why in found:
        print(f"   {name}: {why}")


if __name__ == "__main__":
    main()
