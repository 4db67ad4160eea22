"""The checker is checked: for every rule a small tree that breaks it, which must be found in the right file and line, and nothing else."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
import listing  # noqa: E402
import tools  # noqa: E402
from tidy import RULES  # noqa: E402
from tree import Tree  # noqa: E402

TIDY = Path(__file__).resolve().parent / "tidy.py"
CLEAN = {
    "include/hawser/hawser.h": "/* The public header. */\n#ifndef HAWSER_H\n#define HAWSER_H\n/* One. */\n"
                               "HAWSER_API int hawser_one(void);\n"
                               "HAWSER_API int hawser_two(int a,\n                          int b); /* Two. */\n#endif\n",
    "src/api/hawser.map": "# Exports.\nHAWSER_0.1 {\n  global:\n    hawser_*;\n  local:\n    *;\n};\n",
    "src/base/CMakeLists.txt": "hawser_room(base\n  FILES words.cpp config.cpp)\n",
    "src/base/words.h": "// Words.\n#pragma once\n#include <string>\n",
    "src/base/words.cpp": '// Words.\n#include "src/base/words.h"\n\nint words() { return 1; }\n',
    "src/base/config.cpp": '// Settings.\n#include <cstdlib>\n\n#include "src/base/settings.def"\n\n'
                           'char* read() { return getenv("HAWSER_X"); }\n',
    "src/base/settings.def": '// Settings.\nSETTING(bytes, slice, 0, true, "Bytes of a slice.")\n'
                             'SETTING(duration, patience, 1500000, false, "How long.")\n',
    "docs/settings.md": "# Settings\n\n| name | kind | default | equal on all ranks | what it does |\n|---|---|---|---|---|\n"
                        "| `slice` | bytes | `0` | yes | Bytes of a slice. |\n| `patience` | duration | `1500us` | no | How long. |\n",
    "collectives/CMakeLists.txt": "hawser_room(collectives FILES catalog.cpp ring.cpp)\n",
    "collectives/ring.h": "// Ring.\n#pragma once\nPatterns write_ring(const Shape&, Collective);\n",
    "collectives/ring.cpp": '// Ring.\n#include "collectives/ring.h"\n\n'
                            "Patterns write_ring(const Shape& shape, Collective collective) {\n  return {};\n}\n",
    "collectives/catalog.cpp": '// One row a planner.\n#include "collectives/ring.h"\n\nconst Planner rows[] = {{"ring", write_ring}};\n',
    "transports/CMakeLists.txt": "hawser_room(transports FILES catalog.cpp tcp/tcp.cpp)\n",
    "transports/catalog.cpp": '// One row a transport.\nconst TransportRow rows[] = {{"tcp", make_tcp, 0}};\n',
    "transports/tcp/tcp.cpp": '// tcp.\n#include "src/base/words.h"\n',
}


class Planted(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hawser-tidy-")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for path, text in CLEAN.items():
            self.write(path, text)

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def append(self, path, text):
        """Adds to a file; answers the number of the first added line."""
        old = (self.root / path).read_text()
        self.write(path, old + text)
        return old.count("\n") + 1

    def findings(self):
        tree = Tree(self.root)
        return {(rule, f.path, f.line) for rule, check in RULES.items() for f in check(tree)}

    def expect(self, *findings):
        self.assertEqual(self.findings(), set(findings))

    def test_the_clean_tree_is_clean(self):
        self.expect()

    def test_an_arrow_missing_from_the_table(self):
        line = self.append("src/base/words.cpp", '#include "collectives/ring.h"\n')
        self.expect(("includes", "src/base/words.cpp", line))

    def test_the_public_header_inside_a_room(self):
        line = self.append("src/base/words.cpp", '#include "hawser/hawser.h"\n')
        self.expect(("includes", "src/base/words.cpp", line))

    def test_a_single_header_of_another_room(self):
        self.write("transports/cells.h", "// Cells.\n#pragma once\n")
        self.write("src/memory/CMakeLists.txt", "hawser_room(memory FILES bell.cpp)\n")
        self.write("src/memory/bell.cpp", '// Bell.\n#include "transports/cells.h"\n')
        self.expect()
        line = self.append("src/base/words.cpp", '#include "transports/cells.h"\n')
        self.expect(("includes", "src/base/words.cpp", line))

    def test_an_include_that_is_not_from_the_root(self):
        line = self.append("src/base/words.cpp", '#include "words.h"\n')
        self.expect(("includes", "src/base/words.cpp", line))

    def test_the_environment_read_elsewhere(self):
        line = self.append("src/base/words.cpp", 'char* home() { return std::getenv("HOME"); }\n')
        self.append("src/base/words.cpp", "// getenv(name) in a comment is fine\n")
        self.expect(("getenv", "src/base/words.cpp", line))

    def test_a_heavy_header_in_a_header(self):
        line = self.append("src/base/words.h", "#include <spdlog/spdlog.h>\n")
        self.append("src/base/words.cpp", "#include <spdlog/spdlog.h>\n")
        self.expect(("heavy_headers", "src/base/words.h", line))

    def test_a_cuda_header_outside_its_file(self):
        line = self.append("src/base/words.cpp", "#include <cuda_runtime.h>\n")
        self.expect(("cuda_headers", "src/base/words.cpp", line))

    def test_a_clock_in_a_planner(self):
        line = self.append("collectives/ring.cpp", "#include <chrono>\n")
        self.expect(("purity", "collectives/ring.cpp", line))

    def test_a_thread_in_the_executor(self):
        self.write("src/executor/CMakeLists.txt", "hawser_room(executor FILES run.cpp)\n")
        self.write("src/executor/run.cpp", "// Run.\n#include <thread>\n")
        self.expect(("purity", "src/executor/run.cpp", 2))

    def test_no_opening_comment(self):
        self.write("src/base/words.cpp", '#include "src/base/words.h"\n')
        self.expect(("opening", "src/base/words.cpp", 1))

    def test_no_pragma_once(self):
        self.write("src/base/words.h", "// Words.\n")
        self.expect(("pragma_once", "src/base/words.h", 1))

    def test_banned_words(self):
        for word in ("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK", "for " "now", "st" "ub"):
            with self.subTest(word):
                self.write("src/base/words.cpp", f'// Words.\n#include "src/base/words.h"\n// {word}: later\n')
                self.expect(("banned_words", "src/base/words.cpp", 3))

    def test_a_wide_line(self):
        line = self.append("src/base/words.cpp", "// " + "x" * 138 + "\n")
        self.expect(("width", "src/base/words.cpp", line))

    def test_a_path_of_a_machine(self):
        line = self.append("docs/settings.md", "see /ho" "me/somebody/notes\n")
        self.append("docs/settings.md", "see tests/home/fine\n")
        self.expect(("machine_paths", "docs/settings.md", line))

    def test_a_source_in_no_cmakelists(self):
        self.write("src/base/lost.cpp", "// Lost.\n")
        self.expect(("listed", "src/base/lost.cpp", 1))

    def test_a_source_in_two_cmakelists(self):
        self.write("tools/CMakeLists.txt", "add_executable(tool ${PROJECT_SOURCE_DIR}/src/base/words.cpp)\n")
        self.expect(("listed", "src/base/words.cpp", 1))

    def test_a_listed_source_that_is_not_there(self):
        self.write("src/base/CMakeLists.txt", "hawser_room(base\n  FILES words.cpp config.cpp gone.cpp)\n")
        self.expect(("listed", "src/base/CMakeLists.txt", 2))

    def test_a_header_nobody_includes(self):
        self.write("src/base/lost.h", "// Lost.\n#pragma once\n")
        self.expect(("listed", "src/base/lost.h", 1))

    def test_a_planner_without_a_row(self):
        line = self.append("collectives/ring.h", "Patterns write_tree(const Shape&, Collective);\n")
        self.assertGreater(line, 1)
        line = self.append("collectives/ring.cpp",
                           "\nPatterns write_tree(const Shape& shape, Collective collective) {\n  return {};\n}\n")
        self.expect(("planner_catalog", "collectives/ring.cpp", line + 1))

    def test_a_transport_without_a_row(self):
        self.write("transports/CMakeLists.txt", "hawser_room(transports FILES catalog.cpp tcp/tcp.cpp lost/lost.cpp)\n")
        self.write("transports/lost/lost.cpp", "// Lost.\n")
        self.expect(("transport_catalog", "transports/catalog.cpp", 1))

    def test_a_row_without_a_transport(self):
        line = self.append("transports/catalog.cpp", 'const TransportRow more[] = {{"verbs", make_verbs, 0}};\n')
        self.expect(("transport_catalog", "transports/catalog.cpp", line))

    def test_a_setting_the_page_does_not_know(self):
        line = self.append("src/base/settings.def", 'SETTING(flag, brave, true, false, "Dare.")\n')
        self.expect(("settings_page", "src/base/settings.def", line))
        page = Tree(self.root)
        listing.write_settings(page)
        self.assertIn("| `brave` | flag | `1` | no | Dare. |", (self.root / "docs/settings.md").read_text())
        self.expect()

    def test_a_page_with_a_setting_that_went(self):
        line = self.append("docs/settings.md", "| `gone` | flag | `1` | no | Was there. |\n")
        self.expect(("settings_page", "docs/settings.md", line))

    def test_a_function_without_a_comment(self):
        line = self.append("include/hawser/hawser.h", "\nHAWSER_API int hawser_three(void);\n")
        self.expect(("api", "include/hawser/hawser.h", line + 1))

    def test_a_function_that_does_not_leave_the_library(self):
        self.write("src/api/hawser.map", "# Exports.\nHAWSER_0.1 {\n  global:\n    hawser_one;\n  local:\n    *;\n};\n")
        self.expect(("api", "include/hawser/hawser.h", 6))

    def test_a_protocol_page_that_is_in_no_index(self):
        self.write("docs/protocol.md", "# Protocol\n[a](protocol/cells.md)\n")
        self.write("docs/protocol/cells.md", "# Cells\n")
        self.expect()
        self.write("docs/protocol/lost.md", "# Lost\n")
        self.expect(("pages", "docs/protocol/lost.md", 1))

    def test_a_link_that_leads_nowhere(self):
        line = self.append("docs/settings.md", "see [the code](../src/base/words.h) and [more](more.md)\n")
        self.expect(("pages", "docs/settings.md", line))

    def test_a_page_the_code_names_but_nobody_wrote(self):
        line = self.append("src/base/words.cpp", "// docs/settings.md, docs/protocol/words.md\n")
        self.expect(("pages", "src/base/words.cpp", line))

    def test_the_program_says_file_and_line(self):
        self.append("src/base/words.cpp", "#include <cuda.h>\n")
        run = subprocess.run([sys.executable, "-B", TIDY, "--root", self.root], capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn("src/base/words.cpp:5: ", run.stdout)

    def test_a_layout_that_is_not_clang_formats(self):
        self.write(".clang-format", "BasedOnStyle: Google\nColumnLimit: 140\n")
        line = self.append("src/base/words.cpp", "int  crooked( ) {return 2 ;}\n")
        try:
            self.assertIn(("src/base/words.cpp", line), [(f.path, f.line) for f in tools.check_format(Tree(self.root))])
        except tools.Skip as reason:
            self.skipTest(str(reason))


if __name__ == "__main__":
    unittest.main()
