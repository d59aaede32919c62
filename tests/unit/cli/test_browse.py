import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cauce.cli import app
from cauce.errors import SettingsError
from cauce.native import driver_path
from tests.conftest import Require

runner = CliRunner()
TABLES = """
create table brand (code varchar(4) primary key);
create table item (sku varchar(8) not null, brand varchar(4) references brand (code), price double default 0,
                   primary key (sku));
insert into item values ('Añ-12', null, 12.5);
"""


@pytest.fixture
def shop(tmp_path: Path, require: Require) -> list[str]:
    """Publish a connection to a database, and one without a catalogue; return the options for the store."""
    try:
        driver_path("sqlite")
    except SettingsError as error:
        require("odbc", str(error))
    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as database:
        database.executescript(TABLES)
    files, store = tmp_path / "definitions", ["--data-dir", str(tmp_path)]
    files.mkdir()
    settings = f"{{driver: sqlite, database: {tmp_path / 'shop.sqlite'}}}"
    one = "{calls: select 1, effect: read}"
    (files / "shop.yaml").write_text(
        f"connection: shop\nkind: odbc\nsettings: {settings}\noperations: {{one: {one}}}\n"
    )
    (files / "polly.yaml").write_text(f"connection: polly\nkind: echo\noperations: {{one: {one}}}\n")
    runner.invoke(app, ["store", "upgrade", *store])
    published = runner.invoke(app, ["publish", str(files), *store])
    assert published.exit_code == 0, published.output
    return store


def test_a_database_is_looked_through(shop: list[str]) -> None:
    listed = runner.invoke(app, ["connect", "browse", "shop", *shop, "--json"])
    assert listed.exit_code == 0, listed.output
    assert [(each["name"], each["kind"]) for each in json.loads(listed.stdout)["items"]] == [
        ("brand", "table"),
        ("item", "table"),
    ]
    told = json.loads(runner.invoke(app, ["connect", "browse", "shop", "item", "--rows", "3", *shop, "--json"]).stdout)
    assert told["columns"][0] == {"default": None, "key": 1, "name": "sku", "nullable": False, "type": "varchar(8)"}
    assert told["references"] == [{"columns": ["brand"], "table": "brand", "to": ["code"]}]
    assert told["rows"] == [{"sku": "xx-99", "brand": None, "price": "99.9"}]
    shown = runner.invoke(app, ["connect", "browse", "shop", "item", *shop]).output
    assert "(brand) refers to brand (code)" in shown
    assert "xx-99" not in shown
    missing = runner.invoke(app, ["connect", "browse", "shop", "itme", *shop])
    assert missing.exit_code == 1
    wrong = runner.invoke(app, ["connect", "browse", "polly", *shop])
    assert wrong.exit_code == 1
