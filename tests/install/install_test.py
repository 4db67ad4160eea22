#!/usr/bin/env python3
"""Installs into a folder, moves it, and uses it from outside: by find_package, by pkg-config, by the dynamic linker.

  install_test.py BUILD-FOLDER SOURCE-FOLDER
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BUILD, SOURCE = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
CONSUMER = SOURCE / "tests/install/consumer"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("HAWSER_", "OMPI_", "PMIX_"))}


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=100, check=False,
                          env={**ENVIRONMENT, **options.pop("env", {})}, **options)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="hawser-install-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.work = Path(cls.folder.name)
        run("cmake", "--install", BUILD, "--prefix", cls.work / "first")
        cls.prefix = cls.work / "moved"
        (cls.work / "first").rename(cls.prefix)
        cls.library = next(cls.prefix.rglob("libhawser.so"))

    def test_a_program_finds_it_by_find_package(self):
        build = self.work / "by_cmake"
        run("cmake", "-S", CONSUMER, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", build)
        self.assertEqual(run(build / "consumer"), "consumer: fine\n")

    def test_a_program_finds_it_by_pkg_config(self):
        package_path = {"PKG_CONFIG_PATH": str(self.library.parent / "pkgconfig")}
        flags = run("pkg-config", "--cflags", "--libs", "hawser", env=package_path).split()
        program = self.work / "by_pkg_config"
        run("cc", "-std=c99", "-pedantic-errors", "-Wall", CONSUMER / "consumer.c", "-o", program, *flags)
        self.assertEqual(run(program, env={"LD_LIBRARY_PATH": str(self.library.parent)}), "consumer: fine\n")
        self.assertEqual(run("pkg-config", "--modversion", "hawser", env=package_path).strip(), self.header_version())

    def header_version(self):
        text = (self.prefix / "include/hawser/hawser.h").read_text()
        return ".".join(re.search(rf"HAWSER_VERSION_{part} (\d+)", text)[1] for part in ("MAJOR", "MINOR", "PATCH"))

    def test_the_library_shows_exactly_what_the_header_declares(self):
        symbols = run("nm", "-D", "--defined-only", "--format=posix", self.library).splitlines()
        shown = {line.split()[0].split("@")[0] for line in symbols if line.split()[1] != "A"}
        header = (self.prefix / "include/hawser/hawser.h").read_text()
        self.assertEqual(shown, set(re.findall(r"^HAWSER_API\b.*?\b(hawser_\w+)\(", header, re.M)))

    def test_the_library_is_named_and_hardened(self):
        text = run("readelf", "-d", "-l", "-W", self.library)
        self.assertIn("Library soname: [libhawser.so.0]", text)
        self.assertIn("GNU_RELRO", text)
        self.assertRegex(text, r"BIND_NOW|FLAGS.*NOW")
        self.assertNotIn("RUNPATH", text)

    def test_the_wrapper_compiles_for_a_user(self):
        run("c++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-pedantic-errors", "-fsyntax-only", f"-I{self.prefix}/include",
            "-x", "c++", "-include", "hawser/hawser.hpp", "/dev/null")

    def test_installed_programs_start(self):
        for program in sorted((self.prefix / "bin").glob("*")) if (self.prefix / "bin").exists() else []:
            with self.subTest(program.name):
                self.assertTrue(run(program, "--help"))

    def test_nothing_of_the_machine_is_inside(self):
        for path in self.prefix.rglob("*"):
            if path.suffix in {".cmake", ".pc", ".h", ".hpp"}:
                self.assertNotIn(str(SOURCE), path.read_text(), path.name)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
