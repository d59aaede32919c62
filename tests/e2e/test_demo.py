import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.timeout(300), pytest.mark.e2e]
repository = Path(__file__).parents[2]
cauce = [sys.executable, "-m", "cauce.cli"]


def left_behind(folder: Path) -> list[str]:
    """Processes that name the folder in their command line."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if str(folder) in line and process.pid != os.getpid():
            found.append(line)
    return found


def test_headless_demo_prints_one_document_and_leaves_nothing_running(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = subprocess.run(
        [*cauce, "demo", "--headless", "--limit", "8", "--json", "--data-dir", str(folder)],
        capture_output=True,
        text=True,
        cwd=repository,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert list(summary) == [
        *("leads", "rejected", "qualified", "lost", "orders", "duplicates", "amount", "open_tasks", "seconds"),
        *("faulted", "mails_sent", "mails_received", "joined"),
    ]
    assert summary["leads"] == 8
    # One of them is asked about once more while it is open.
    assert summary["joined"] == 1
    assert summary["orders"] > 0
    assert summary["amount"] > 0
    assert (summary["duplicates"], summary["faulted"], summary["rejected"]) == (0, 0, 0)
    # Each complaint is acknowledged, and those that came far are answered.
    assert summary["mails_sent"] > 13
    assert len(list((folder / "company" / "mail").glob("*/*.eml"))) >= summary["mails_sent"]
    assert left_behind(folder) == []
    for private in ("settings.json", "secrets/erp-password"):
        assert (folder / private).stat().st_mode & 0o777 == 0o600


def test_folder_with_something_else_in_it_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    done = subprocess.run(
        [*cauce, "demo", "--headless", "--json", "--data-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=repository,
        check=False,
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "conflict"
    assert "is not empty, and what is in it is not from a demo" in done.stderr
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_rows_that_are_no_leads_are_told_with_their_lines_and_interrupt_is_the_end(tmp_path: Path) -> None:
    sample = (repository / "demo" / "leads" / "leads-es.csv").read_text(encoding="utf-8").splitlines()
    broken = sample[2].replace(sample[2].split(",")[0], "", 1)
    (tmp_path / "leads.csv").write_text("\n".join([*sample[:2], broken]) + "\n", encoding="utf-8")
    process = subprocess.Popen(
        [*cauce, "demo", "--leads", str(tmp_path / "leads.csv"), "--data-dir", str(tmp_path / "demo")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=repository,
    )
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if "Ctrl-C stops everything." in line:
            break
    process.send_signal(signal.SIGINT)
    printed, rest = process.communicate(timeout=60)
    text = "".join(said)
    assert "leads.csv:3: The column 'id' is blank." in text
    assert "All have the password " in text
    assert "rejected rows" in printed
    assert process.returncode == 0, text + rest
    deadline = time.monotonic() + 10
    while left_behind(tmp_path / "demo") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left_behind(tmp_path / "demo") == []
