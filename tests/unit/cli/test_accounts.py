import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cauce.cli import app

runner = CliRunner()


@pytest.fixture
def data_dir(tmp_path: Path) -> list[str]:
    option = ["--data-dir", str(tmp_path)]
    done = runner.invoke(app, ["store", "upgrade", "--json", *option])
    assert json.loads(done.stdout) == {"store": str(tmp_path / "cauce.db"), "upgraded": True}
    return option


def test_upgrade_twice_changes_nothing(data_dir: list[str]) -> None:
    done = runner.invoke(app, ["store", "upgrade", "--json", *data_dir])
    assert json.loads(done.stdout)["upgraded"] is False


def test_account_gets_a_password_and_a_token(data_dir: list[str]) -> None:
    added = runner.invoke(app, ["users", "add", "ana", "--role", "staff", "--group", "sales", "--json", *data_dir])
    assert added.exit_code == 0, added.output
    made = json.loads(added.stdout)
    assert made["account"]["groups"] == ["sales"]
    assert len(made["password"]) >= 12
    token = runner.invoke(app, ["tokens", "create", "ana", "--label", "till", *data_dir])
    assert token.stdout.startswith("cauce_")
    listed = json.loads(runner.invoke(app, ["users", "list", "--json", *data_dir]).stdout)
    assert [one["name"] for one in listed["users"]] == ["ana"]
    assert made["password"] not in json.dumps(listed)
    assert "hash" not in json.dumps(listed)


def test_password_is_read_from_stdin_and_never_printed(data_dir: list[str]) -> None:
    runner.invoke(app, ["users", "add", "ana", *data_dir])
    done = runner.invoke(app, ["users", "password", "ana", "--password-stdin", *data_dir], input="correct horse\n")
    assert done.exit_code == 0, done.output
    assert "correct horse" not in done.output
    short = runner.invoke(app, ["users", "password", "ana", "--password-stdin", *data_dir], input="short\n")
    assert short.exit_code == 2
    assert "At least 10 characters" in short.stderr
    none = runner.invoke(app, ["users", "password", "ana", "--password-stdin", *data_dir], input="\n")
    assert "There is no password on standard input." in none.stderr


def test_accounts_are_closed_and_tokens_ended(data_dir: list[str]) -> None:
    runner.invoke(app, ["users", "add", "ana", *data_dir])
    changed = runner.invoke(app, ["users", "change", "ana", "--role", "manager", "--close", "--json", *data_dir])
    assert (json.loads(changed.stdout)["roles"], json.loads(changed.stdout)["active"]) == (["manager"], False)
    runner.invoke(app, ["users", "change", "ana", "--open", *data_dir])
    reset = runner.invoke(app, ["users", "totp", "reset", "ana", *data_dir])
    assert "'ana' has no second step." in reset.stderr
    runner.invoke(app, ["tokens", "create", "ana", "--label", "till", "--days", "3", *data_dir])
    [token] = json.loads(runner.invoke(app, ["tokens", "list", "ana", "--json", *data_dir]).stdout)["tokens"]
    assert token["label"] == "till"
    assert runner.invoke(app, ["tokens", "end", "ana", token["id"], *data_dir]).exit_code == 0
    assert "You have no such token." in runner.invoke(app, ["tokens", "end", "ana", token["id"], *data_dir]).stderr


def test_account_twice_is_a_conflict(data_dir: list[str]) -> None:
    runner.invoke(app, ["users", "add", "ana", *data_dir])
    done = runner.invoke(app, ["users", "add", "ana", "--json", *data_dir])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"]["code"] == "conflict"


def test_role_that_does_not_exist_is_told_with_those_that_do(data_dir: list[str]) -> None:
    done = runner.invoke(app, ["users", "add", "ana", "--role", "boss", *data_dir])
    assert done.exit_code == 2
    assert "/roles: Unknown: boss." in done.stderr


def test_nobody_can_act_as_an_account_that_is_not_there(data_dir: list[str]) -> None:
    done = runner.invoke(app, ["tasks", "list", "--as", "nobody", "--json", *data_dir])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"]["code"] == "unauthenticated"


def test_empty_inbox_and_missing_task(data_dir: list[str]) -> None:
    listed = runner.invoke(app, ["tasks", "list", "--json", *data_dir])
    assert json.loads(listed.stdout)["tasks"] == []
    missing = runner.invoke(app, ["tasks", "show", "4711", "--json", *data_dir])
    assert missing.exit_code == 1
    assert json.loads(missing.stdout)["error"]["code"] == "not-found"


def test_temporal_that_is_not_there_exits_75(data_dir: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUCE_TEMPORAL_ADDRESS", "127.0.0.1:1")
    done = runner.invoke(app, ["instances", "list", "--json", *data_dir])
    assert done.exit_code == 75
    assert json.loads(done.stdout)["error"]["code"] == "transient"


def test_unknown_connection_exits_1(data_dir: list[str]) -> None:
    done = runner.invoke(app, ["connections", "test", "erp", "--json", *data_dir])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"]["detail"] == "There is no connection 'erp'."
