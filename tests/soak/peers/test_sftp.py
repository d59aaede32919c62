"""Files over SFTP at OpenSSH's server, which shares no library with the connector: `make soak` runs it."""

from collections.abc import Iterator
from typing import Any

import pytest

from cauce.connector import Effect, Operation
from cauce.errors import BusinessError, LoginError, PermanentError
from connectors import file
from tests.connectors.matrix import shows
from tests.soak.peers import openssh
from tools.steps import SetupError

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIQvVgXaDP1tCXYhRkRVNSoqfVdrcWnBE6X2DpCDk4xT"
ROWS = [{"id": "1", "name": "Núñez 🚚"}, {"id": "2", "name": None}]


@pytest.fixture(scope="module")
def server() -> Iterator[openssh.Server]:
    try:
        with openssh.started() as server:
            (server.files / "hosts.csv").symlink_to("/etc/hosts")
            yield server
    except SetupError as error:
        pytest.skip(f"no server of OpenSSH: {error} As root: apt-get install openssh-server")


def opened(server: openssh.Server, **changed: Any) -> file.Connector:
    login = {"host": "127.0.0.1", "port": server.port, "username": server.username, "private_key": server.key}
    sftp = login | {"host_keys": [server.host_key]} | changed
    return file.Connector("partner", file.Settings.model_validate({"folder": str(server.files), "sftp": sftp}))


async def call(connector: file.Connector, calls: str, params: Any = None) -> Any:
    effect: Effect = "write" if calls.startswith(("write", "move")) else "read"
    return await connector.call(Operation("op", calls, effect, timeout_s=30), params)


@shows(
    "SFTP: files are written, listed, read, moved, once and again; links are not followed", "OpenSSH's `sshd`", "file"
)
async def test_openssh_keeps_files(server: openssh.Server) -> None:
    async with opened(server) as connector:
        assert [(one.stage, one.ok) for one in await connector.check()][-2:] == [("login", True), ("folder", True)]
        for _ in range(2):
            answer = await call(connector, "write {name}", {"name": "a.csv", "rows": ROWS})
            assert (answer["file"], answer["rows"]) == ("a.csv", 2)
        with pytest.raises(BusinessError, match="already"):
            await call(connector, "write a.csv", {"rows": ROWS[:1]})
        assert (server.files / "a.csv").read_text(encoding="utf-8") == "id,name\n1,Núñez 🚚\n2,\n"
        first = await call(connector, "read *.csv", {"max_rows": 1})
        second = await call(connector, "read *.csv", {"after": first["next"]})
        assert (first["rows"] + second["rows"], second["next"]) == (ROWS, None)
        for _ in range(2):
            assert await call(connector, "move a.csv to done/{day}/", {"day": "d1"}) == {"file": "done/d1/a.csv"}
        assert (await call(connector, "list *.csv"))["files"] == []
        assert [each["name"] for each in (await call(connector, "list done/d1/*.csv"))["files"]] == ["a.csv"]


@shows("SFTP: another key, and a server that is not the one that is known", "OpenSSH's `sshd`", "file")
async def test_openssh_and_who_is_let_in(server: openssh.Server) -> None:
    for changed, wanted in (({"username": "somebody"}, LoginError), ({"host_keys": [OTHER]}, PermanentError)):
        async with opened(server, **changed) as connector:
            with pytest.raises(wanted):
                await call(connector, "list *")
