"""Connections that do not work: `cauce connections test` says in a sentence what is wrong, and so does an instance."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from cauce.errors import SettingsError
from cauce.native import driver_path, load_odbc
from tests.bad_input.site import Asked, Site, cauce, numbers
from tests.conftest import Require
from tests.connectors.soap_peer import Peer, Reply, envelope, fault, serve
from tests.servers.postgresql import PostgresServer
from tests.servers.processes import free_port

SECRET = "tr0ub4dor-of-the-connections"  # noqa: S105 - its whole purpose is to be looked for
ODBC = "  find: {calls: 'select 1', effect: read}\n"
SOAP = "  create: {calls: Create, effect: read}\n"
Probe = Callable[..., Asked]


@pytest.fixture
def probe(store: dict[str, str], tmp_path: Path) -> Probe:
    """Return what publishes a connection with these settings and tests it."""

    def run(kind: str, settings: str, operations: str, **env: str) -> Asked:
        file = tmp_path / f"connection-{next(numbers)}.yaml"
        file.write_text(f"connection: erp\nkind: {kind}\nsettings: {settings}\noperations:\n{operations}")
        published = cauce("publish", file, "--json", env=store)
        assert published.exit_code == 0, published.stderr
        done = cauce("connections", "test", "erp", "--json", env={**store, "CAUCE_SECRET_ERP_PASSWORD": SECRET, **env})
        assert SECRET not in done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    server = serve(made)
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def odbc(require: Require) -> None:
    try:
        load_odbc()
        driver_path("sqlite"), driver_path("postgresql")
    except SettingsError as error:
        require("odbc", str(error))


def said(done: Asked, stage: str) -> str:
    """Return the sentence of the stage that failed, which is the last."""
    assert done.exit_code == 1, done.stdout
    (connection,) = done.json["connections"]
    *before, last = connection["probes"]
    assert [each["ok"] for each in before] == [True] * len(before)
    assert (last["ok"], last["stage"]) == (False, stage), connection
    assert connection["problem"] == last["sentence"]
    return str(last["sentence"])


def test_missing_driver_says_how_to_install_it(probe: Probe, odbc: None) -> None:
    sentence = said(probe("odbc", "{driver: /nowhere/libora.so, database: x}", ODBC), "driver")
    assert "the ODBC driver or data source is not there" in sentence
    assert "Run `make setup`" in sentence
    assert "settings.driver" in sentence


def test_database_file_that_does_not_exist(probe: Probe, tmp_path: Path, odbc: None) -> None:
    sentence = said(probe("odbc", f"{{driver: sqlite, database: {tmp_path / 'no.db'}}}", ODBC), "login")
    assert sentence == f"There is no database file at {tmp_path / 'no.db'}; correct settings.database."
    assert not (tmp_path / "no.db").exists()


@pytest.fixture
def guarded(postgres_server: PostgresServer) -> Iterator[str]:
    """Make a login that needs a password; the server trusts everybody else."""
    address = f"host=127.0.0.1 port={postgres_server.port} user=cauce dbname=postgres"
    with psycopg.connect(address, autocommit=True) as connection:
        (file,) = connection.execute("show hba_file").fetchone() or ("",)
        before = Path(file).read_text()
        connection.execute("create role guest login password 'right'")
        Path(file).write_text(f"host all guest 127.0.0.1/32 scram-sha-256\n{before}")
        connection.execute("select pg_reload_conf()")
        place = f"server: 127.0.0.1, port: {postgres_server.port}, database: postgres"
        yield f"driver: postgresql, {place}, username: guest"
        Path(file).write_text(before)
        connection.execute("select pg_reload_conf()")
        connection.execute("drop role guest")


def test_wrong_password(probe: Probe, guarded: str, odbc: None) -> None:
    sentence = said(probe("odbc", f"{{{guarded}, password: {{secret: erp-password}}}}", ODBC), "login")
    assert "the login is refused" in sentence
    assert "Check username and password" in sentence


def test_database_server_that_is_not_there(probe: Probe, odbc: None) -> None:
    port = free_port()
    settings = f"{{driver: postgresql, server: 127.0.0.1, port: {port}, database: x, username: x}}"
    assert f"Nothing listens on 127.0.0.1:{port};" in said(probe("odbc", settings, ODBC), "tcp")


def test_wsdl_of_a_host_that_does_not_exist(probe: Probe) -> None:
    sentence = said(probe("soap", "{wsdl: 'http://erp.invalid/?wsdl'}", SOAP), "dns")
    assert "erp.invalid" in sentence
    assert "not known" in sentence


def test_wsdl_of_a_port_where_nobody_listens(probe: Probe) -> None:
    port = free_port()
    sentence = said(probe("soap", f"{{wsdl: 'http://127.0.0.1:{port}/?wsdl'}}", SOAP), "tcp")
    assert sentence == f"Nothing listens on 127.0.0.1:{port}; start the system or correct the port."


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(b"<html><body>Not found</body></html>", status=404, content_type="text/html"), "404"),
        (Reply(b"<!doctype html><html><body><p>Log in<br></body></html>", content_type="text/html"), "a web page"),
        (Reply(b"<a><b></a>"), "not"),
        (Reply(b""), "not"),
    ],
)
def test_address_without_a_wsdl(probe: Probe, peer: Peer, reply: Reply, words: str) -> None:
    peer.wsdl_reply = reply
    sentence = said(probe("soap", f"{{wsdl: '{peer.wsdl_url}'}}", SOAP), "wsdl")
    assert "WSDL" in sentence
    assert words in sentence


def test_missing_secret_lists_where_it_may_be(probe: Probe, peer: Peer, store: dict[str, str]) -> None:
    settings = f"{{wsdl: '{peer.wsdl_url}', username: cauce, password: {{secret: erp-passwort}}}}"
    sentence = said(probe("soap", settings, SOAP), "settings")
    assert "connection erp: settings.password: There is no secret 'erp-passwort'." in sentence
    assert "the environment variable CAUCE_SECRET_ERP_PASSWORT" in sentence
    assert str(Path(store["CAUCE_DATA_DIR"], "secrets", "erp-passwort")) in sentence


def test_missing_setting_lists_where_it_may_be(probe: Probe, store: dict[str, str]) -> None:
    sentence = said(probe("soap", "{wsdl: {setting: erp-wsdl}}", SOAP), "settings")
    assert "connection erp: settings.wsdl: There is no setting 'erp-wsdl'." in sentence
    assert "CAUCE_SETTING_ERP_WSDL" in sentence
    assert str(Path(store["CAUCE_DATA_DIR"], "settings.json")) in sentence


def test_unknown_connection_is_told_with_its_near_name(probe: Probe, store: dict[str, str]) -> None:
    probe("echo", "{}", "  get: {calls: x, effect: read}\n")
    done = cauce("connections", "test", "epr", "--json", env=store)
    assert (done.exit_code, done.error["code"]) == (1, "not-found")
    assert (done.error["detail"], done.error["hint"]) == ("There is no connection 'epr'.", "Did you mean 'erp'?")


def test_wrong_setting_of_a_kind_is_named_without_its_value(store: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "connection.yaml"
    settings = f"{{wsdl: 'http://127.0.0.1/?wsdl', pasword: '{SECRET}'}}"
    file.write_text(f"connection: erp\nkind: soap\nsettings: {settings}\noperations:\n{SOAP}")
    done = cauce("publish", file, "--json", env=store)
    assert done.exit_code == 2
    assert f"{file}:3:44: unknown-property: " in done.stderr
    assert "`pasword` is not a setting of connections of kind `soap`; did you mean `password`?" in done.stderr
    assert SECRET not in done.stdout + done.stderr


BLOCKED = "<OrderFault><Code>BLOCKED</Code><Limit>0</Limit></OrderFault>"
ANSWERS = {
    "HTML": (Reply(b"<html><body>Proxy<br></body></html>", content_type="text/html"), "communication", ""),
    "no XML": (Reply(b"ORA-00942: table or view does not exist", content_type="text/plain"), "communication", ""),
    "half an envelope": (Reply(envelope("")[:-20]), "communication", ""),
    "fault": (Reply(fault("Server", "Customer is blocked", BLOCKED), status=500), "business", "Customer is blocked"),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_of_the_erp_that_cannot_be_used(site: Site, peer: Peer, name: str) -> None:
    reply, kind, words = ANSWERS[name]
    peer.reply = reply
    number = next(numbers)
    site.publish(
        f"connection: erp-{number}\nkind: soap\n"
        f"settings: {{wsdl: '{peer.wsdl_url}', fault_code_path: OrderFault/Code}}\n"
        "operations:\n  create: {calls: Create, effect: read, errors: {BLOCKED: business}}\n",
        f"document: {{dsl: '1.0.3', namespace: bad, name: order-{number}, version: 1.0.0}}\n"
        f"do:\n  - order: {{call: create@erp-{number}, with: {{Reference: r}}}}\n",
    )
    problem = site.problem(site.start(f"bad.order-{number}"))
    assert problem["type"].endswith(f"/errors/{kind}"), problem
    assert problem["instance"] == "/do/0/order"
    assert words in problem["detail"]
    if kind == "business":
        assert (problem["remoteCode"], problem["remoteDetail"]["detail"]["OrderFault"]["Limit"]) == ("BLOCKED", "0")
    else:
        assert "XML" in problem["detail"] or "SOAP" in problem["detail"], problem


def test_connection_that_is_gone_faults_the_instance(site: Site) -> None:
    bundle = {
        "format": 1,
        "namespace": "bad",
        "name": "ghost",
        "version": "1.0.0",
        "digest": "g",
        "expressions": 1,
        "forms": {},
        "decisions": {},
        "stages": {},
        "document": {
            "document": {"dsl": "1.0.3", "namespace": "bad", "name": "ghost", "version": "1.0.0"},
            "do": [{"ask": {"call": "find@ghost", "with": {}}}],
        },
        "operations": {"find@ghost": {"effect": "read", "timeout_s": 5, "queue": "cauce-ghost"}},
    }
    asyncio.run(site.put_bundle(bundle))
    problem = site.problem(site.start("bad.ghost"))
    assert problem["type"] == "https://serverlessworkflow.io/spec/1.0.0/errors/configuration"
    assert problem["detail"] == "There is no connection 'ghost' in this environment."
    assert "Publish a file with `connection: ghost`" in problem["hint"]
    assert problem["instance"] == "/do/0/ask"
