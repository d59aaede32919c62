import pytest

from cauce.services.routing import waits_for

JSON = dict[str, object]
event: JSON = {"id": "1", "source": "/crm", "type": "lead.v1", "subject": "L-1", "data": {"region": "ES", "n": 1}}


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ({"one": {"with": {"type": "lead.v1"}}}, True),
        ({"one": {"with": {"type": "lead.v1", "source": "/crm"}}}, True),
        ({"one": {"with": {"type": "lead.v1", "source": "/erp"}}}, False),
        ({"one": {"with": {"type": "lead.v1", "tenant": "a"}}}, False),
        ({"one": {"with": {"data": {"region": "ES"}}}}, True),
        ({"one": {"with": {"data": {"region": "PT"}}}}, False),
        ({"any": [{"with": {"type": "other"}}, {"with": {"type": "lead.v1"}}]}, True),
        ({"any": [{"with": {"type": "other"}}]}, False),
        ({}, False),
    ],
)
def test_process_waits_for_what_it_names(on: JSON, *, expected: bool) -> None:
    assert waits_for({"schedule": {"on": on}}, event) is expected


def test_process_without_a_schedule_waits_for_nothing() -> None:
    assert not waits_for({}, event)
