import json
import subprocess
import sys

from tests.bench.figures import MEASURES
from tests.bench.place import ROOT, why_not
from tests.support.need import need_program

# No skip, which would be a failure in a strict run: there is no package that mends it.
if not why_not():

    def test_the_shortest_run_measures_everything_that_there_is() -> None:
        need_program("coredns")
        ended = subprocess.run(
            [sys.executable, "-m", "tests.bench.smoke"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        found = json.loads(ended.stdout)
        assert {key for key, _ in found} == {measure.key for measure in MEASURES}
        assert all(value > 0 for _, value in found)
