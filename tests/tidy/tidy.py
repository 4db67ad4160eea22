#!/usr/bin/env python3
"""Checks that the source tree keeps the rules of docs/architecture.md. Exit 0: kept, 1: findings, 77: could not look.

  tests/tidy/tidy.py [--root FOLDER] [RULE ...]         all rules but format and clang_tidy, or the named ones
  tests/tidy/tidy.py format                             clang-format
  tests/tidy/tidy.py clang_tidy --build FOLDER [--all]  clang-tidy over a sample, or over everything
  tests/tidy/tidy.py --write-format | --write-settings  mends the layout; writes the table of docs/settings.md
"""
import argparse
import sys
from pathlib import Path

import listing
import rooms
import text
import tools
from tree import Tree

RULES = {**rooms.RULES, **text.RULES, **listing.RULES}


def run_rule(name, tree, arguments):
    if name == "format":
        return list(tools.check_format(tree))
    if name == "clang_tidy":
        return list(tools.check_clang_tidy(tree, arguments.build, arguments.all))
    return list(RULES[name](tree))


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*", choices=[[], *RULES, "format", "clang_tidy"], default=[])
    parser.add_argument("--root", default=Path(__file__).resolve().parents[2])
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--write-format", action="store_true")
    parser.add_argument("--write-settings", action="store_true")
    return parser.parse_args(arguments)


def main():
    arguments = parse(sys.argv[1:])
    tree = Tree(arguments.root)
    if arguments.write_format or arguments.write_settings:
        if arguments.write_format:
            tools.write_format(tree)
        if arguments.write_settings:
            listing.write_settings(tree)
        return 0
    findings = []
    for name in arguments.rules or RULES:
        try:
            findings += [f"{finding} [{name}]" for finding in sorted(run_rule(name, tree, arguments))]
        except tools.Skip as reason:
            print(f"{name} skipped: {reason}")
            return 77
    if not arguments.rules:
        print("\n".join(text.report_function_lengths(tree)))
    print("\n".join(findings) if findings else "tidy: nothing to say")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
