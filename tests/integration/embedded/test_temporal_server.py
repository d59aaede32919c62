import os
from pathlib import Path

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest, RemoveSearchAttributesRequest

from cauce.contract import SEARCH_ATTRIBUTES
from cauce.embedded import health, temporal_server
from cauce.embedded.child import Child
from cauce.embedded.ports import free_port


async def test_server_knows_our_attributes_also_with_an_older_file(tmp_path: Path) -> None:
    port = free_port()
    address = f"127.0.0.1:{port}"
    command = temporal_server.command(tmp_path / "temporal.db", "default", port, None)
    child = Child("temporal", command, dict(os.environ), tmp_path / "temporal.log")
    await child.start()
    try:
        client = await temporal_server.wait_until_ready(address, "default", child.log)
        listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
        assert set(SEARCH_ATTRIBUTES) <= set(listed.custom_attributes)
        # As if the file came from a version that did not have it yet.
        await client.operator_service.remove_search_attributes(
            RemoveSearchAttributesRequest(namespace="default", search_attributes=["CauceCustomer"])
        )
        await temporal_server.prepare(client)
        listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
        assert "CauceCustomer" in listed.custom_attributes
        found = await health.temporal(address, "default")
        assert found.healthy
        assert found.version
        assert not (await health.worker(address, "default", 0.0)).healthy
    finally:
        await child.stop()
    assert not (await health.temporal(address, "default")).healthy
