"""hawser-info as people use it: info_program_test.py PROGRAM."""
import json
import os
import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop()


def run(*arguments, **environment):
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("HAWSER_", "OMPI_", "PMIX_", "RANK"))}
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False, env={**clean, **environment})


class Info(unittest.TestCase):
    def test_the_version_alone(self):
        self.assertRegex(run("--version").stdout, r"^hawser \d+\.\d+\.\d+\n$")

    def test_without_options_it_shows_the_machine_and_its_topology(self):
        result = run()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("This machine", result.stdout)
        self.assertIn("Topology: 1 ranks on 1 hosts", result.stdout)

    def test_settings_show_what_the_environment_says(self):
        result = run("--settings", HAWSER_TRANSPORT="tcp")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("now tcp", result.stdout)

    def test_json_is_one_object_with_what_was_asked_for(self):
        result = json.loads(run("--settings", "--topology", "--json").stdout)
        self.assertEqual(sorted(result), ["settings", "topology", "version"])
        self.assertEqual(result["topology"]["ranks"], 1)

    def test_an_unknown_setting_is_named(self):
        result = run("--settings", HAWSER_COLOUR="blue")
        self.assertEqual(result.returncode, 1)
        self.assertIn("COLOUR", result.stderr.upper())


if __name__ == "__main__":
    unittest.main()
