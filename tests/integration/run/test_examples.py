"""The standard's own examples of `run`, in an environment that allows them; containers by a stand-in's word."""

import os
from pathlib import Path
from typing import Any, Final

import pytest

from cauce import settings
from cauce.single import run_once
from schemas import load_file
from tests.servers.container_engine import calls, install
from workflows.checking import Known, check

SHARED = os.environ.get("CAUCE_SHARED") or Path(__file__).resolve().parents[4] / "shared"
EXAMPLES = sorted(Path(SHARED, "spec", "examples").glob("run-*.yaml"))
ALLOWED = ["shell", "script:js", "container:alpine", "container:hello-world"]
GREETING = "STDIN was: Hello World\nARGS are Foo Bar\n"
OUTPUTS: Final[dict[str, Any]] = {
    "run-return-code": 0,
    "run-return-none": None,
    "run-return-stderr": "",
    "run-container-stdin-and-arguments": GREETING,
    "run-shell-stdin-and-arguments": GREETING,
    "run-script-with-stdin-and-arguments": "stdin >  Hello Workflow\narg >  hello\nenv >  bar\n",
}
pytestmark = pytest.mark.skipif(not EXAMPLES, reason="the examples of the standard are not here")


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
async def test_example_checks_clean_and_runs(file: Path, tmp_path: Path) -> None:
    found = check([load_file(file)], Known(processes={"test.register-customer"}, runs=ALLOWED))
    assert [str(each) for each in found] == []
    if file.stem == "run-subflow":
        return  # the process that it runs is not among the examples; see the cases of `run: workflow`
    docker = install(tmp_path / "engine")
    chosen = settings.load(data_dir=tmp_path, allow_run=ALLOWED, run_container_engine=str(docker))
    report = await run_once(file, None, "local", settings=chosen)
    assert report.status == "completed", report.error
    if file.stem in OUTPUTS:
        assert report.output == OUTPUTS[file.stem]
    if "container" in file.stem:
        assert len(calls(docker)) == 1
