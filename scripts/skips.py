#!/usr/bin/env python3
"""Prints what tests skipped, each with its sentence: whole tests (exit 77) and single GoogleTest cases.

  skips.py OUTPUT LOG      OUTPUT: what ctest printed, which names whole tests; LOG: its LastTest.log, which has what every test said
"""
import re
import sys
from pathlib import Path

SAYS_SKIPPED = re.compile(r"\bskip(s|ped)?\b", re.I)


def skipped_tests(output):
    return set(re.findall(r"Test +#\d+: (\S+) \.*\*\*\*(?:Skipped|Not Run)", output))


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


def skips(output, log):
    whole = skipped_tests(output)
    for name, said in sections(log):
        cases = list(single_cases(said))
        yield from ((f"{name}: {case}", why) for case, why in cases)
        if name in whole and not cases:
            lines = [line.strip() for line in said.split("\n") if SAYS_SKIPPED.search(line) and not line.startswith("Test ")]
            yield name, lines[0] if lines else "no reason given"
        whole.discard(name)
    yield from ((name, "it did not run") for name in sorted(whole))


def read(path):
    return Path(path).read_text(errors="replace") if Path(path).exists() else ""


def main():
    found = list(skips(read(sys.argv[1]), read(sys.argv[2])))
    print(f"\nSkipped here: {len(found)}" if found else "\nNothing was skipped.")
    for name, why in found:
        print(f"   {name}: {why}")


if __name__ == "__main__":
    main()
