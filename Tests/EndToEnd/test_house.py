"""The project keeps its own rules."""

import subprocess
import sys

from program import ROOT


def test_targets_import_only_what_they_may_and_nothing_is_too_long_or_unfinished():
    done = subprocess.run([sys.executable, ROOT / "scripts" / "house.py", ROOT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
