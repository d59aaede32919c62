"""What a stopped certification says of why."""

from temporalio import exceptions

from workflows.upkeep_workflow import told


def test_a_stopped_certification_says_why_or_that_its_worker_ended() -> None:
    silent = exceptions.TimeoutError("no heartbeat", type=exceptions.TimeoutType.HEARTBEAT, last_heartbeat_details=[])
    assert told(exceptions.ApplicationError("orders: The shop is closed."), "orders") == "orders: The shop is closed."
    for cause in (silent, None):
        assert told(cause, "orders").startswith("The worker ended while it tried 'orders'")
