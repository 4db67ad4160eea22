"""The source tree as the rules see it: files with their text, and findings that say file and line."""
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

CODE = {".cpp", ".h", ".hpp", ".c", ".cu", ".inc", ".inl", ".def"}
SCRIPTS = {".py", ".sh", ".cmake", ".map"}
PROSE = {".md"}
SKIPPED_FOLDERS = {".git", ".venv", "build", "__pycache__", "node_modules", "shared"}

# Every folder that holds code, with the longer ones first so that perf/micro is found before perf.
ROOMS = ["perf/micro", "src/base", "src/topology", "src/plan", "src/device", "src/memory", "src/net", "src/bootstrap", "src/agreement",
         "src/executor", "src/lowering", "src/engine", "src/communicator", "src/api", "include/hawser", "compat/nccl", "collectives",
         "transports", "moe", "tools", "perf", "tests", "examples"]


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


@dataclass
class Source:
    path: str  # from the root, with slashes
    text: str
    lines: list = field(default_factory=list)

    def __post_init__(self):
        self.lines = self.text.split("\n")

    @property
    def suffix(self):
        return Path(self.path).suffix

    @property
    def name(self):
        return Path(self.path).name

    @property
    def is_code(self):
        return self.suffix in CODE

    @property
    def is_header(self):
        return self.suffix in {".h", ".hpp"}

    @property
    def room(self):
        return next((room for room in ROOMS if self.path.startswith(room + "/")), "")

    def includes(self):
        """(line number, what is included, in quotes or not) of every #include."""
        for number, line in enumerate(self.lines, 1):
            found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if found:
                yield number, found[2], found[1] == '"'

    def code_lines(self):
        """(line number, the line without comments and with empty strings): what the compiler would see, nearly."""
        return enumerate(strip(self.text).split("\n"), 1)


def strip(text):
    """Blanks comments and the insides of strings and characters, and keeps the line breaks."""
    pattern = r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])*\''

    def blank(match):
        return re.sub(r"[^\n]", " ", match[0]) if match[0].startswith("/") else '""' + "\n" * match[0].count("\n")
    return re.sub(pattern, blank, text, flags=re.S)


class Tree:
    def __init__(self, root):
        self.root = Path(root)
        self.sources = {source.path: source for source in self._read()}

    def _read(self):
        for folder, folders, files in os.walk(self.root):
            folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith("cmake-build"))
            for name in sorted(files):
                path = Path(folder) / name
                if path.is_symlink() or not self._is_ours(path):
                    continue
                yield Source(path.relative_to(self.root).as_posix(), path.read_text(encoding="utf-8", errors="replace"))

    @staticmethod
    def _is_ours(path):
        return path.suffix in CODE | SCRIPTS | PROSE or path.name in {"CMakeLists.txt", "CMakePresets.json", "run", "figures"}

    def code(self):
        return [source for source in self.sources.values() if source.is_code]

    def get(self, path):
        return self.sources.get(path)
