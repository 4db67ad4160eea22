"""How a file reads: its first line, its words, its width, the length of its functions."""
import re

from tree import PROSE, Finding

WIDTH = 140
# Written in halves so that this file does not find itself.
BANNED = [r"\bTO" r"DO\b", r"\bFIX" r"ME\b", r"\bXX" r"X\b", r"\bHA" r"CK\b", r"\b[Ff]or " r"now\b", r"(?i:\bst" r"ubs?\b)"]
MACHINE_PATHS = re.compile(r"(?<![\w.$}/-])/(wo" r"rk|ho" r"me|ro" r"ot|Us" r"ers)/[\w.]")
LONG_FUNCTION = 30


def check_opening(tree):
    """A file opens with a line that says what it is."""
    for source in tree.sources.values():
        if source.suffix in PROSE or source.name in {"CMakeLists.txt", "CMakePresets.json"}:
            continue
        first = next((number for number, line in enumerate(source.lines, 1) if line.strip() and not line.startswith("#!")), 1)
        if not re.match(r'(//|/\*|#(?!\s*(pragma|include|define|if))|""")\s*\S', source.lines[first - 1]):
            yield Finding(source.path, first, "opens without a comment line that says what this file is")


def check_pragma_once(tree):
    """The public C header has a classic guard, all others `#pragma once`."""
    for source in tree.code():
        if not source.is_header:
            continue
        guard = r"#ifndef HAWSER_\w*H\b" if source.room in {"include/hawser", "compat/nccl"} else r"#pragma once"
        if not any(re.match(rf"({guard}|#pragma once)", line) for line in source.lines):
            yield Finding(source.path, 1, "no #pragma once")


def check_banned_words(tree):
    """Work that is not finished is told in docs/status.md, not left in the code."""
    pattern = re.compile("|".join(BANNED))
    for source in tree.sources.values():
        if source.suffix in PROSE or source.room == "include/hawser":
            continue
        for number, line in enumerate(source.lines, 1):
            found = pattern.search(line)
            if found:
                yield Finding(source.path, number, f'the word "{found[0]}" is not for a finished file')


def check_width(tree):
    """Lines fit a screen. Tables of one row a line are excepted."""
    for source in tree.sources.values():
        if source.suffix in PROSE | {".def"} or source.name in {"CMakePresets.json", "CMakeLists.txt"}:
            continue
        for number, line in enumerate(source.lines, 1):
            if len(line) > WIDTH:
                yield Finding(source.path, number, f"{len(line)} columns; at most {WIDTH}")


def check_machine_paths(tree):
    """No path of the machine it was written on."""
    for source in tree.sources.values():
        for number, line in enumerate(source.lines, 1):
            if MACHINE_PATHS.search(line):
                yield Finding(source.path, number, "a path of somebody's machine")


def functions(source):
    """(first line, lines) of every function of a C++ source laid out by clang-format: from the line that opens it to the next
    brace no further in."""
    lines = [text for _, text in source.code_lines()]
    start = None
    for index, line in enumerate(lines):
        opens = re.match(r"^(\s*)(?!namespace|extern|struct|class|enum|union|else|if\b|for\b|while\b|switch\b|do\b)\S.*[^=]\{\s*$", line)
        if start is None and opens and re.search(r"\)[\w\s>&:,(){}-]*\{\s*$", line) and ";" not in line:
            start, indent = index, opens[1]
        elif start is not None and re.match(rf"^ {{0,{len(indent)}}}\}}", line):
            yield start + 1, index - start + 1
            start = None


def report_function_lengths(tree):
    """Nine in ten functions under 30 lines: said, not enforced."""
    lengths = [(count, source.path, line) for source in tree.code() if source.suffix == ".cpp" and source.room not in {"tests", ""}
               for line, count in functions(source)]
    long = sorted((entry for entry in lengths if entry[0] >= LONG_FUNCTION), reverse=True)
    share = 100 * (1 - len(long) / len(lengths)) if lengths else 100
    yield f"{len(lengths)} functions, {share:.0f} % of them under {LONG_FUNCTION} lines"
    for count, path, line in long[:10]:
        yield f"  {path}:{line}: {count} lines"


RULES = {
    "opening": check_opening,
    "pragma_once": check_pragma_once,
    "banned_words": check_banned_words,
    "width": check_width,
    "machine_paths": check_machine_paths,
}
