import json
import sqlite3
from pathlib import Path

from typer.testing import CliRunner

from cauce.cli import app

runner = CliRunner()
CONNECTION = """\
connection: shop
kind: odbc
settings: {driver: sqlite, database: 'FILE'}
operations: {list-customers: {calls: SELECT name FROM customers, effect: read, response: map(.name)}}
"""


def test_a_breaking_change_ends_with_1_until_it_is_accepted(tmp_path: Path) -> None:
    database, file, store = tmp_path / "shop.db", tmp_path / "shop.yaml", ["--data-dir", str(tmp_path)]
    with sqlite3.connect(database) as shop:
        shop.execute("CREATE TABLE customers (name TEXT NOT NULL)")
    file.write_text(CONNECTION.replace("FILE", str(database)), encoding="utf-8")
    runner.invoke(app, ["store", "upgrade", *store])
    assert runner.invoke(app, ["publish", str(file), *store]).exit_code == 0
    first = runner.invoke(app, ["connect", "drift", *store])
    assert (first.exit_code, "shop: as agreed." in first.stderr) == (0, True)
    with sqlite3.connect(database) as shop:
        shop.execute("ALTER TABLE customers RENAME COLUMN name TO full_name")
    broken = runner.invoke(app, ["connect", "drift", "shop", "--json", *store])
    (told,) = json.loads(broken.stdout)["connections"]
    assert (broken.exit_code, told["case"]["breaking"], told["case"]["mappings"][0]["how"]) == (1, True, "by name")
    assert told["case"]["changes"][0]["sentence"] == "`customers.name` is not given any more."
    assert runner.invoke(app, ["connect", "drift", "--accept", *store]).exit_code == 2
    accepted = runner.invoke(app, ["connect", "drift", "shop", "--accept", "--reason", "mended", *store])
    assert accepted.exit_code == 0, accepted.output
