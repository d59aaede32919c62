"""Files of rows at a server that speaks SFTP.

The server is one of asyncssh, the library that the connector uses too: it shows that the connector does what it should,
and not that it gets on with the servers of others: for that, tests/soak/peers tries OpenSSH's.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from cauce.connector import Effect, Operation
from cauce.errors import AmbiguousError, BusinessError, LoginError, PermanentError, RemoteError, TransientError
from cauce.testing.bad_servers import silent
from connectors import file
from connectors.file import connector as connector_module

PHRASE = "a phrase"


@dataclass
class Peer:
    """An SFTP server whose root is a folder of the test, and that can be told to misbehave."""

    port: int = 0
    root: Path = Path()
    host_key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    client_key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    break_off_at_rename: bool = False
    logins: int = 0

    def settings(self, **changed: Any) -> Any:
        public = self.host_key.export_public_key().decode().strip()
        given = {"host": "127.0.0.1", "port": self.port, "username": "erp", "password": "right", "host_keys": [public]}
        return {name: value for name, value in {**given, **changed}.items() if value is not None}


class Login(asyncssh.SSHServer):
    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.conn = conn

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self.peer.logins += 1
        return (username, password) == ("erp", "right")

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == "erp" and key == self.peer.client_key.convert_to_public()


class Files(asyncssh.SFTPServer):
    def __init__(self, chan: Any, peer: Peer) -> None:
        self.peer = peer
        super().__init__(chan, chroot=os.fsencode(peer.root))

    def rename(self, oldpath: bytes, newpath: bytes) -> Any:
        if self.peer.break_off_at_rename:
            super().rename(oldpath, newpath)
            self.channel.get_connection().abort()
            return None
        return super().rename(oldpath, newpath)


@pytest.fixture(scope="session")
def sftp_server() -> Iterator[Peer]:
    peer, loop, ready = Peer(), asyncio.new_event_loop(), threading.Event()

    async def serve() -> asyncssh.SSHAcceptor:
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: Login(peer),
            server_host_keys=[peer.host_key],
            sftp_factory=lambda chan: Files(chan, peer),
        )
        peer.port = server.get_port()
        return server

    def run() -> None:
        server = loop.run_until_complete(serve())
        ready.set()
        loop.run_forever()
        server.close()
        loop.run_until_complete(server.wait_closed())
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(30)
    yield peer
    loop.call_soon_threadsafe(loop.stop)
    thread.join(30)


@pytest.fixture
def peer(sftp_server: Peer, tmp_path: Path) -> Peer:
    sftp_server.root, sftp_server.break_off_at_rename, sftp_server.logins = tmp_path, False, 0
    (tmp_path / "in").mkdir()
    return sftp_server


@pytest.fixture
async def connector(peer: Peer) -> AsyncIterator[file.Connector]:
    async with opened(peer) as connector:
        yield connector


def opened(peer: Peer, folder: str = "in", more: Any = None, **changed: Any) -> file.Connector:
    given = {"folder": folder, "sftp": peer.settings(**changed), **(more or {})}
    return file.Connector("partner", file.Settings.model_validate(given))


async def call(connector: file.Connector, calls: str, params: Any = None) -> Any:
    effect: Effect = "write" if calls.startswith(("write", "move")) else "read"
    return await connector.call(Operation("op", calls, effect, timeout_s=20), params)


async def failed(connector: file.Connector, calls: str, params: Any = None) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await call(connector, calls, params)
    return caught.value


def names(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


async def test_files_are_written_listed_read_and_moved(connector: file.Connector, peer: Peer) -> None:
    given = [{"id": "1", "name": "Núñez"}, {"id": "2", "name": None}]
    answer = await call(connector, "write {name}", {"name": "a.csv", "rows": given})
    assert answer == {"file": "a.csv", "rows": 2, "size": len("id,name\n1,Núñez\n2,\n".encode())}
    assert (peer.root / "in" / "a.csv").read_text() == "id,name\n1,Núñez\n2,\n"
    found = (await call(connector, "list *.csv"))["files"]
    assert [(one["name"], one["size"]) for one in found] == [("a.csv", answer["size"])]
    first = await call(connector, "read *.csv", {"max_rows": 1})
    second = await call(connector, "read *.csv", {"after": first["next"]})
    assert (first["rows"] + second["rows"], second["next"]) == (given, None)
    for _ in range(2):
        assert await call(connector, "move a.csv to done/{day}/", {"day": "d1"}) == {"file": "done/d1/a.csv"}
    assert names(peer.root / "in") == ["done/d1/a.csv"]
    assert peer.logins == 1  # one connection for all


async def test_the_same_content_twice_is_once_and_another_is_refused(connector: file.Connector, peer: Peer) -> None:
    for _ in range(2):
        await call(connector, "write a.csv", {"rows": [{"id": "1"}]})
    error = await failed(connector, "write a.csv", {"rows": [{"id": "2"}]})
    assert (type(error), error.remote_code) == (BusinessError, "exists")
    await call(connector, "write a.csv", {"rows": [{"id": "2"}], "replace": True})
    assert ((peer.root / "in" / "a.csv").read_text(), names(peer.root)) == ("id\n2\n", ["in/a.csv"])
    assert (await failed(connector, "read b.csv")).remote_code == "missing"
    assert (await failed(connector, "move b.csv to done/")).remote_code == "missing"
    assert await call(connector, "list none/*") == {"files": [], "more": False}


async def test_a_connection_lost_at_the_last_step_is_ambiguous_and_mended_by_writing_again(
    connector: file.Connector, peer: Peer
) -> None:
    peer.break_off_at_rename = True
    error = await failed(connector, "write a.csv", {"rows": [{"id": "1"}]})
    assert (type(error), error.remote_code) == (AmbiguousError, "lost")
    peer.break_off_at_rename = False
    assert (await call(connector, "write a.csv", {"rows": [{"id": "1"}]}))["rows"] == 1
    assert (names(peer.root), peer.logins) == (["in/a.csv"], 2)


@pytest.mark.parametrize("calls", ["list *", "write a.csv"])
async def test_a_server_that_says_nothing_is_left_in_time(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, calls: str
) -> None:
    monkeypatch.setattr(connector_module, "_grace_s", 0.0)
    with silent() as server:
        async with opened(peer, port=server.port) as connector:
            effect: Effect = "write" if calls.startswith("write") else "read"
            with pytest.raises(TransientError, match="Nothing was done"):
                await connector.call(Operation("op", calls, effect, timeout_s=0.1), {"rows": [{"id": "1"}]})


async def test_links_and_other_things_are_not_followed(connector: file.Connector, peer: Peer) -> None:
    (peer.root / "secret.csv").write_text("id\n1\n")
    (peer.root / "in" / "way").symlink_to(peer.root)
    (peer.root / "in" / "link.csv").symlink_to(peer.root / "secret.csv")
    assert (await call(connector, "list *"))["files"] == []
    for calls in ("read way/secret.csv", "read link.csv", "move link.csv to done/", "list way/*"):
        assert (await failed(connector, calls)).remote_code == "denied", calls
    assert (await failed(connector, "write way/x.csv", {"rows": [{"id": "1"}]})).remote_code == "denied"
    assert (await failed(connector, "read ../secret.csv")).remote_code == "params"


async def test_a_file_beyond_the_limit_is_not_fetched(peer: Peer) -> None:
    (peer.root / "in" / "a.csv").write_text("id\n" + "1\n" * 1_000)
    async with opened(peer, more={"max_bytes": 1_000}) as connector:
        assert (await failed(connector, "read a.csv")).remote_code == "too-large"


async def test_a_key_opens_instead_of_a_password(peer: Peer) -> None:
    private = peer.client_key.export_private_key(passphrase=PHRASE, rounds=4, ignore_few_rounds=True).decode()
    async with opened(peer, password=None, private_key=private, passphrase=PHRASE) as connector:
        assert (await call(connector, "list *"))["files"] == []
    async with opened(peer, password=None, private_key=private, passphrase=PHRASE[::-1]) as connector:
        error = await failed(connector, "list *")
        assert (type(error), "private_key cannot be read" in error.problem) == (LoginError, True)


@pytest.mark.parametrize(
    ("changed", "kind", "code", "stages"),
    [
        ({}, None, "", ["dns", "tcp", "host-key", "login", "folder"]),
        ({"password": "wrong"}, LoginError, "login", ["dns", "tcp", "host-key", "login"]),
        ({"host_keys": "other"}, PermanentError, "host-key", ["dns", "tcp", "host-key"]),
        ({"host_keys": "other kind"}, PermanentError, "host-key", ["dns", "tcp", "host-key"]),
        ({"host_keys": ["ssh-ed25519 " + "A" * 68]}, PermanentError, "", ["dns", "tcp", "host-key"]),
        ({"port": 1}, TransientError, "connection", ["dns", "tcp"]),
    ],
)
async def test_check_stops_where_a_call_would_fail(
    peer: Peer, changed: Any, kind: type[RemoteError] | None, code: str, stages: list[str]
) -> None:
    if isinstance(changed.get("host_keys"), str):
        sort = "ssh-ed25519" if changed["host_keys"] == "other" else "ecdsa-sha2-nistp256"
        changed = {"host_keys": [asyncssh.generate_private_key(sort).export_public_key().decode().strip()]}
    async with opened(peer, **changed) as connector:
        probes = await connector.check()
        assert [one.stage for one in probes] == stages
        assert [one.ok for one in probes] == [True] * (len(stages) - 1) + [kind is None]
        if kind is not None:
            error = await failed(connector, "list *")
            assert (type(error), error.remote_code) == (kind, code)
            assert "wrong" not in str(error)


async def test_a_folder_that_is_not_there_is_told(peer: Peer) -> None:
    async with opened(peer, folder="nowhere") as connector:
        probes = await connector.check()
        assert [(one.stage, one.ok) for one in probes[-2:]] == [("login", True), ("folder", False)]
        assert (await failed(connector, "list *")).remote_code == "folder"
