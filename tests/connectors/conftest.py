"""Servers on loopback and databases in files, for the connectors to talk to."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cauce.errors import SettingsError
from cauce.http import close_sessions
from cauce.native import driver_path, load_odbc
from tests.conftest import Require
from tests.connectors import certificates
from tests.connectors.mail_peers import Certificate, make_certificate
from tests.connectors.soap_peer import Peer, serve
from tests.connectors.soap_warehouse import MODULES, Warehouse, started


@pytest.fixture(autouse=True)
async def _closed_sessions() -> AsyncIterator[None]:
    yield
    await close_sessions()


@pytest.fixture
def soap_peer() -> Iterator[Peer]:
    peer = Peer()
    server = serve(peer)
    yield peer
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def certificate_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def warehouse(node: Path, require: Require, certificate_folder: Path) -> Iterator[Warehouse]:
    """Run one SOAP service of a library that nobody here wrote for the whole session."""
    if not (MODULES / "node_modules" / "soap").is_dir():
        require("node", "the packages of demo/erp are not there; `make setup` brings them")
    with started(node, certificate_folder) as found:
        yield found


@pytest.fixture(scope="session")
def odbc_manager(require: Require) -> None:
    try:
        load_odbc()
        driver_path("sqlite")
    except SettingsError as error:
        require("odbc", str(error))


@pytest.fixture
def sqlite_file(tmp_path: Path, odbc_manager: None) -> Path:
    path = tmp_path / "accounts.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript("""
            create table customer (id integer primary key, name text not null unique, credit double, since date,
                                   seen timestamp, active boolean, balance decimal(12,2), logo blob);
            insert into customer values
                (1, 'Aceites García, S.L.', 1500.25, '2024-03-01', '2024-03-01 10:11:12', 1, 12.5, x'6162'),
                (2, 'Núñez & Cía 😀', null, null, null, 0, null, null);
        """)
    return path


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))
