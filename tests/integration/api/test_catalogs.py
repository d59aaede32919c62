import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
from fastapi import FastAPI

from cauce.errors import SettingsError
from cauce.native import driver_path
from cauce.services import definitions, users
from cauce.services.hub import Actor, Hub
from schemas import load_yaml
from tests.conftest import Require
from tests.integration.api.conftest import Browser

boss = Actor("boss", frozenset({"admin"}))
integrator = Actor("igor", frozenset({"integrator"}))


async def test_only_an_integrator_looks_through_a_database(
    hub: Hub, app: FastAPI, program: httpx.AsyncClient, ana: Browser, tmp_path: Path, require: Require
) -> None:
    try:
        driver_path("sqlite")
    except SettingsError as error:
        require("odbc", str(error))
    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as database:
        database.execute("create table item (sku varchar(8) primary key)")
    settings = f"{{driver: sqlite, database: {tmp_path / 'shop.sqlite'}}}"
    text = (
        f"connection: depot\nkind: odbc\nsettings: {settings}\noperations: {{one: {{calls: select 1, effect: read}}}}\n"
    )
    await definitions.publish(hub, integrator, [load_yaml(text, "depot.yaml")])
    address = "/api/v1/connections/depot/catalog"
    assert (await program.get(address)).status_code == 403
    await users.change_user(hub, boss, "ana", roles=["integrator"])
    assert (await program.get(address)).json()["items"] == [{"schema": "", "name": "item", "kind": "table"}]
    told = (await program.get(address, params={"place": "item"})).json()
    assert (told["what"], told["columns"][0]["key"]) == ("table", 1)
    assert (await program.get(address, params={"place": "itme"})).status_code == 404
    assert (await program.get(address, params={"rows": 1000})).status_code == 422

    page = "/connections/depot/catalog"
    assert f'href="{page}?place=item"' in (await ana.get(page)).text
    assert "varchar(8)" in (await ana.get(f"{page}?place=item&rows=1")).text
    missing = await ana.get(f"{page}?place=itme")
    assert (missing.status_code, "item" in missing.text) == (404, True)
