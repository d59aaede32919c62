import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cauce.cli import app
from cauce.cli.connections import circuit
from cauce.services.limits import LimitsView

runner = CliRunner()
connection = """\
connection: polly
kind: echo
limits: {rate: 2/s, concurrency: 3}
operations: {say: {calls: say, effect: read}}
"""


def test_a_connection_shows_how_it_stands_with_its_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUCE_TEMPORAL_ADDRESS", "127.0.0.1:1")
    file, store = tmp_path / "polly.yaml", ["--data-dir", str(tmp_path)]
    file.write_text(connection, encoding="utf-8")
    runner.invoke(app, ["store", "upgrade", *store])
    runner.invoke(app, ["publish", str(file), *store])
    shown = json.loads(runner.invoke(app, ["connections", "show", "polly", "--json", *store]).stdout)
    limits = shown["connection"]["limits"]
    assert (limits["circuit"], limits["rate_per_s"], limits["concurrency"], shown["serving"]) == ("closed", 2, 3, None)


def test_a_circuit_is_told_in_words() -> None:
    def told(state: str, failures: int) -> str:
        return circuit(LimitsView(None, 4, state, failures, None, "", 0, 0, 0, 0))  # type: ignore[arg-type]  # a word

    assert told("closed", 0) == "closed"
    assert told("closed", 2) == "closed, 2 failed last"
    assert told("half-open", 6) == "to be tried, 6 failed"
