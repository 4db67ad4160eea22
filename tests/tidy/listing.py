"""What must be listed somewhere: sources in CMake, planners and transports in catalogs, settings and functions in what users read."""
import posixpath
import re
from fnmatch import fnmatchcase

from tree import Finding

COMPILED = {".cpp", ".c", ".cu"}
LISTED_ROOMS = {"", "include/hawser"}
SETTING = re.compile(r'^SETTING\((\w+),\s*(\w+),\s*(.+?),\s*(true|false),\s*"((?:[^"\\]|\\.)*)"\)\s*$')
SETTINGS_PAGE = "docs/settings.md"


def listed_in_cmake(tree):
    """{path of a source: [(CMakeLists, line)]}, one entry a CMakeLists that names it."""
    listed = {}
    for source in tree.sources.values():
        if source.name != "CMakeLists.txt":
            continue
        folder = posixpath.dirname(source.path)
        for number, line in enumerate(source.lines, 1):
            for token in re.findall(r"[\w./${}-]+\.(?:cpp|cu|c)\b", line.split("#")[0]):
                path = re.sub(r"^\$\{(PROJECT|CMAKE)_SOURCE_DIR\}/", "", token)
                if path == token:
                    path = posixpath.join(folder, token.replace("${CMAKE_CURRENT_SOURCE_DIR}/", ""))
                entries = listed.setdefault(posixpath.normpath(path), [])
                if source.path not in [name for name, _ in entries]:
                    entries.append((source.path, number))
    return listed


def nearest_cmake(tree, path):
    folder = posixpath.dirname(path)
    while folder:
        if tree.get(f"{folder}/CMakeLists.txt"):
            return f"{folder}/CMakeLists.txt"
        folder = posixpath.dirname(folder)
    return None


def check_listed(tree):
    """Every source in exactly one CMakeLists, every header included by somebody: no dead files."""
    listed = listed_in_cmake(tree)
    included = {path for source in tree.code() for path in resolved_includes(tree, source)}
    mentioned = "\n".join(s.text for s in tree.sources.values() if s.suffix in {".sh", ".py"} or s.name in {"figures", "CMakeLists.txt"})
    for source in tree.code():
        if source.room in LISTED_ROOMS:
            continue
        if source.suffix in COMPILED:
            places = listed.get(source.path, [])
            outside = not places and source.room in {"tests", "perf", "perf/micro"} and source.name in mentioned
            if len(places) > 1:
                names = " and ".join(f"{name}:{line}" for name, line in places)
                yield Finding(source.path, 1, f"listed twice, in {names}")
            elif not places and not outside:
                yield Finding(source.path, 1, "listed in no CMakeLists.txt")
        # A room without a CMakeLists is still only a meeting place: its headers wait for their first includer.
        elif source.is_header and source.path not in included and nearest_cmake(tree, source.path) and source.name not in mentioned:
            yield Finding(source.path, 1, "included by nobody")
    for path, places in listed.items():
        if tree.get(path) is None:
            yield Finding(places[0][0], places[0][1], f"lists {path}, which does not exist")


def resolved_includes(tree, source):
    for _, path, _ in source.includes():
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(source.path), path))
        for candidate in (path, beside, f"include/{path}"):
            if candidate != source.path and tree.get(candidate):
                yield candidate


def check_planner_catalog(tree):
    """A planner, a function of a topology's shape that makes Patterns and is declared for others, has a row in the catalog."""
    catalog = tree.get("collectives/catalog.cpp")
    if catalog is None:
        return
    code = "\n".join(text for _, text in catalog.code_lines())
    for source in tree.code():
        if source.room != "collectives" or source.suffix != ".cpp" or source is catalog:
            continue
        writers = [(number, found[1]) for number, text in source.code_lines()
                   for found in [re.match(r"^Patterns\s+(\w+)\s*\(\s*const (?:Shape|Topology)&", text)] if found]
        for number, writer in writers:
            if exported(tree, source, writer) and not re.search(rf"\b{writer}\b", code):
                yield Finding(source.path, number, f"planner {writer} has no row in collectives/catalog.cpp")


def exported(tree, source, name):
    """Declared in a header of the same room: not a helper of its file."""
    return any(re.search(rf"\b{name}\b", header.text) for header in tree.code() if header.is_header and header.room == source.room)


def check_transport_catalog(tree):
    """A transport is one folder and one row, by the same name."""
    catalog = tree.get("transports/catalog.cpp")
    if catalog is None:
        return
    folders = {source.path.split("/")[1] for source in tree.code() if re.match(r"transports/\w+/", source.path)}
    rows = {match[1]: catalog.text[:match.start()].count("\n") + 1 for match in re.finditer(r'\{\s*(?:\.name = )?"(\w+)"', catalog.text)}
    for folder in sorted(folders - set(rows)):
        yield Finding("transports/catalog.cpp", 1, f"transports/{folder} has no row here")
    for row in sorted(set(rows) - folders):
        yield Finding("transports/catalog.cpp", rows[row], f'row "{row}" has no folder transports/{row}')


def settings_of(tree):
    """[(line, kind, name, default, agreed, sentence)] of settings.def, and the lines that are not understood."""
    source, rows, strange = tree.get("src/base/settings.def"), [], []
    for number, line in enumerate(source.lines if source else [], 1):
        found = SETTING.match(line)
        if found:
            rows.append((number, found[1], found[2], found[3], found[4] == "true", found[5].replace('\\"', '"')))
        elif line.startswith("SETTING("):
            strange.append(number)
    return rows, strange


def duration_text(ns):
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if ns % size == 0:
            return f"{ns // size}{unit}"
    return f"{ns}ns"


def setting_row(kind, name, default, agreed, sentence):
    value = default.strip('"')
    if kind == "duration":
        value = duration_text(int(value))
    if kind == "flag":
        value = {"true": "1", "false": "0"}[value]
    return f"| `{name}` | {kind} | {'`' + value + '`' if value else 'empty'} | {'yes' if agreed else 'no'} | {sentence} |"


def settings_table(tree):
    head = ["| name | kind | default | equal on all ranks | what it does |", "|---|---|---|---|---|"]
    return head + [setting_row(*row[1:]) for row in settings_of(tree)[0]]


def check_settings_page(tree):
    """docs/settings.md says of every setting what settings.def says. `tests/tidy/tidy.py --write-settings` writes the table."""
    rows, strange = settings_of(tree)
    for number in strange:
        yield Finding("src/base/settings.def", number, 'not SETTING(kind, name, default, agreed, "sentence") on one line')
    page = tree.get(SETTINGS_PAGE)
    if not rows:
        return
    if page is None:
        yield Finding(SETTINGS_PAGE, 1, "missing")
        return
    for number, *row in rows:
        if setting_row(*row) not in page.lines:
            yield Finding("src/base/settings.def", number, f"{row[1]} differs from {SETTINGS_PAGE} (tests/tidy/tidy.py --write-settings)")
    known = {row[2] for row in rows}
    for number, line in enumerate(page.lines, 1):
        found = re.match(r"^\| `(\w+)` \|", line)
        if found and found[1] not in known:
            yield Finding(SETTINGS_PAGE, number, f"{found[1]} is no setting")


def write_settings(tree):
    page = tree.root / SETTINGS_PAGE
    text = page.read_text()
    begin, end = text.index("| name |"), text.rindex("|\n") + 2
    page.write_text(text[:begin] + "\n".join(settings_table(tree)) + "\n" + text[end:])


def check_api(tree):
    """Every function of the C headers has a comment and leaves the library."""
    globs = re.findall(r"^\s*(hawser_[\w*]*);", tree.get("src/api/hawser.map").text, re.M) if tree.get("src/api/hawser.map") else None
    for source in tree.code():
        if source.room != "include/hawser" or source.suffix != ".h":
            continue
        for number, name in declared_functions(source):
            if not has_comment(source, number):
                yield Finding(source.path, number, f"{name} has no comment")
            if globs is not None and not any(fnmatchcase(name, glob) for glob in globs):
                yield Finding(source.path, number, f"{name} is not exported by src/api/hawser.map")


def declared_functions(source):
    for number, line in enumerate(source.lines, 1):
        found = re.match(r"^HAWSER_API\b.*?\b(\w+)\(", line)
        if found:
            yield number, found[1]


def has_comment(source, number):
    """A comment on the declaration, or above it; a block of declarations without a blank line shares the one above."""
    line = number
    while line <= len(source.lines) and ";" not in source.lines[line - 1]:
        line += 1
    if "/*" in source.lines[line - 1]:
        return True
    above = number - 1
    while above >= 1 and source.lines[above - 1].strip():
        if source.lines[above - 1].rstrip().endswith("*/"):
            return True
        above -= 1
    return False


def check_pages_named(tree, source):
    """A page that the code names is there."""
    for number, line in enumerate(source.lines, 1):
        for page in re.findall(r"(?<![\w/])docs/[\w/-]+\.md\b", line):
            if not source.path.startswith("tests/tidy/") and tree.get(page) is None:
                yield Finding(source.path, number, f"there is no {page}")


def check_pages(tree):
    """Every page of the protocol is in its index, and links between our pages and from the code lead somewhere."""
    index = tree.get("docs/protocol.md")
    for page in tree.sources.values():
        if index and page.path.startswith("docs/protocol/") and f"({page.path.removeprefix('docs/')})" not in index.text:
            yield Finding(page.path, 1, "not in the index, docs/protocol.md")
        if page.suffix != ".md":
            yield from check_pages_named(tree, page)
            continue
        for number, line in enumerate(page.lines, 1):
            for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", line):
                target = posixpath.normpath(posixpath.join(posixpath.dirname(page.path), link))
                if not (tree.root / target).exists():
                    yield Finding(page.path, number, f"the link to {link} leads nowhere")


RULES = {
    "listed": check_listed,
    "planner_catalog": check_planner_catalog,
    "transport_catalog": check_transport_catalog,
    "settings_page": check_settings_page,
    "api": check_api,
    "pages": check_pages,
}
