"""A task whose form has everything, for the tests of forms and of what stands beside them."""

from typing import Any

from cauce.contract import HumanTask
from cauce.services.hub import Hub
from cauce.store import tasks

ID = "00000000-0000-5000-8000-0000000000f0"
OTHER = "00000000-0000-5000-8000-0000000000f1"
PAGE = f"/tasks/{ID}"
HOSTILE = '"><script>alert(1)</script>'
FORM: dict[str, Any] = {
    "form": "order",
    "title": "Order",
    "schema": {
        "type": "object",
        "required": ["answer", "lines"],
        "properties": {
            "answer": {"enum": ["yes", "no"], "title": {"en": "Answer", "es": "Respuesta"}},
            "reason": {"type": "string", "minLength": 1, "title": {"en": "Reason", "es": "Motivo"}},
            "phone": {"type": "string", "format": "phone"},
            "tax": {"type": "string", "format": "nif"},
            "paper": {"type": "object", "format": "attachment"},
            "photos": {"type": "array", "items": {"type": "object", "format": "attachment"}},
            "note": {"type": "string", "title": HOSTILE, "description": HOSTILE},
            "lines": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["quantity"],
                    "properties": {
                        "sku": {"type": "string"},
                        "quantity": {"type": "integer", "minimum": 1},
                        "price": {"type": "number"},
                        "sum": {"type": "number"},
                    },
                },
            },
            "total": {"type": "number", "title": "Total"},
        },
        "if": {"properties": {"answer": {"const": "no"}}, "required": ["answer"]},
        "then": {"required": ["reason"], "properties": {"again": {"type": "boolean"}}},
    },
    "ui": {
        "order": ["answer", "reason", "lines", "total"],
        "widgets": {"lines.price": "money", "lines.sum": "money", "total": "money"},
        "compute": {"lines.sum": "$row.quantity * $row.price", "total": "[.lines[].sum] | add"},
        "show": {"reason": '.answer == "no"'},
        "files": {"paper": {"types": ["pdf"], "bytes": 2_000}},
    },
}


async def put(hub: Hub, *, task_id: str = ID, group: str = "sales", by: str = "ana", **more: Any) -> None:
    """Put the task into the inbox, and give it to somebody."""
    task = HumanTask(
        id=task_id,
        definition="sales.lead-to-order",
        version="1.2.0",
        name="order",
        reference="/do/0/order",
        title="Order",
        form="order",
        group=group,
        **{"instance": "sales.lead-to-order/lead:9", "form_document": FORM, "data": {"name": HOSTILE}, **more},
    )
    async with hub.store.transaction() as db:
        await tasks.add_task(db, task)
        await tasks.claim(db, task_id, by)
