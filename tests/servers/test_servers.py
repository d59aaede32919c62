import asyncio
import socket
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psutil
import psycopg
import pytest
from temporalio import workflow
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.testing import TimeSkipper
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.servers import processes
from tests.servers.network import LeavesThisMachineError
from tests.servers.temporal import SEARCH_ATTRIBUTES


@workflow.defn
class Nap:
    @workflow.run
    async def run(self) -> float:
        before = workflow.now()
        await asyncio.sleep(timedelta(days=30).total_seconds())
        return (workflow.now() - before).total_seconds()


async def test_temporal_knows_our_search_attributes(temporal_client: Client) -> None:
    known = await temporal_client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace="default")
    )
    assert set(SEARCH_ATTRIBUTES) <= set(known.custom_attributes)


async def test_time_is_driven_by_the_test(time_skipper: TimeSkipper) -> None:
    client = time_skipper.client
    async with Worker(client, task_queue="nap", workflows=[Nap], workflow_runner=UnsandboxedWorkflowRunner()):
        handle = await client.start_workflow(Nap.run, id="nap", task_queue="nap")
        await time_skipper.fast_forward(handle, timedelta(days=31))
        assert await handle.result() >= timedelta(days=30).total_seconds()


def test_each_test_has_a_database_of_its_own(postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE mine (id int)")
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert tables == [("mine",)]


def test_the_next_test_finds_it_empty(postgres_url: str) -> None:
    test_each_test_has_a_database_of_its_own(postgres_url)


def test_a_store_url_is_usable(store_url: str) -> None:
    if store_url.startswith("sqlite"):
        sqlite3.connect(store_url.removeprefix("sqlite+aiosqlite:///")).close()
    else:
        psycopg.connect(store_url.replace("+psycopg", "")).close()


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_tests_stay_on_this_machine(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as outside, pytest.raises(LeavesThisMachineError, match=address):
        outside.connect((address, 80))


def test_names_of_others_are_not_looked_up() -> None:
    with pytest.raises(LeavesThisMachineError, match=r"not cauce\.dev"):
        socket.getaddrinfo("cauce.dev", 443)


async def test_the_guard_also_holds_in_other_threads() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(LeavesThisMachineError):
        pool.submit(socket.create_connection, ("192.0.2.1", 80)).result()


def test_a_server_that_ended_by_itself_is_started_again_and_what_it_said_is_told(tmp_path: Path) -> None:
    port = processes.free_port()
    told_before_it_ends = tmp_path / "log"
    command = [sys.executable, "-um", "http.server", str(port), "--bind", "127.0.0.1"]

    def answers() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    with processes.guarded(command, log=told_before_it_ends, ready=answers):
        assert processes.mend() == []
        [server] = [child for child in psutil.Process().children() if str(port) in child.cmdline()]
        server.kill()
        while not (told := processes.mend()):
            time.sleep(0.01)
        assert len(told) == 1
        assert "ended by itself with exit code -9" in told[0]
        assert "Serving HTTP on 127.0.0.1" in told[0]
        assert answers()
    assert not answers()
