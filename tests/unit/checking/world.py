"""What is published in the world of these tests."""

from workflows.checking import Known, OperationContract

_FIND = {
    "type": "object",
    "required": ["taxId"],
    "properties": {"taxId": {"type": "string"}},
    "additionalProperties": False,
}
_CREATE = {"type": "object", "properties": {"reference": {"type": "string"}, "lines": {"type": "array"}}}
_CUSTOMERS = {
    "type": "array",
    "items": {"type": "object", "properties": {"id": {"type": "string"}, "name": {}, "changed": {"type": "string"}}},
}
_GREET = {
    "function": "greet",
    "version": "1.0.0",
    "task": {
        "input": {"schema": {"document": {"type": "object", "required": ["name"], "properties": {"name": {}}}}},
        "set": {"text": "hello"},
    },
}
_ORDERS = {
    "capability": "orders",
    "title": "Orders",
    "data": {"sku": "An item."},
    "operations": {
        "create-order": {
            "effect": "write",
            "key": ".reference",
            "find": "find-order",
            "identity": ".number",
            "input": {
                "type": "object",
                "required": ["reference"],
                "properties": {
                    "reference": {"type": "string", "maxLength": 40},
                    "policy": {"enum": ["complete", "partial"]},
                    "urgent": {"type": "boolean"},
                },
            },
            "output": {"type": "object", "required": ["number"], "properties": {"number": {"type": "string"}}},
        },
        "find-order": {"effect": "read", "input": {"type": "object"}, "output": {"type": ["object", "null"]}},
    },
}
_SCAN = {
    "form": "scan",
    "title": "S",
    "schema": {"type": "object", "properties": {"page": {"type": "object", "format": "attachment"}}},
}
_FORM = {"form": "qualify", "title": "Q", "schema": {"type": "object", "properties": {"score": {"type": "integer"}}}}
_STAGES = {"stages": "sales", "list": [{"id": "lead", "title": "Lead"}, {"id": "won", "title": "Won"}]}
_CLOCK = {
    "clock": "answer",
    "targets": {"high": "PT4H", "low": "P2D"},
    "pauses": {"customer": {"most": "P5D"}, "supplier": {}},
}
_RECEIPT = {
    "template": "receipt",
    "subject": {"en": "Got {{ code }}", "es": "Recibido {{ code }}"},
    "body": {"en": "{{ name }}{{ more|default('') }}", "es": "{{ name }}"},
    "data": {"type": "object", "properties": {"code": {"type": "string"}, "name": {}, "more": {}}},
}
_SALE = {
    "document": {"dsl": "1.0.3", "namespace": "t", "name": "sale", "version": "1.0.0"},
    "input": {"schema": {"document": {"type": "object", "properties": {"total": {"type": "number"}}}}},
    "do": [
        {"ask": {"call": "find-customer@erp", "with": {"taxId": "B1"}}},
        {"rate": {"call": "human-task", "with": {"form": "qualify"}}},
        {"note": {"set": {"a": 1}}},
        {"twice": {"do": [{"ask-again": {"call": "http", "with": {"method": "get", "endpoint": "http://a.example"}}}]}},
        {
            "thrice": {
                "do": [{"ask-again": {"call": "http", "with": {"method": "get", "endpoint": "http://b.example"}}}]
            }
        },
    ],
}

KNOWN = Known(
    operations={
        "find-customer@erp": OperationContract("read", input=_FIND),
        "list-customers@erp": OperationContract("read", output=_CUSTOMERS),
        "create-order@erp": OperationContract("write", input=_CREATE),
    },
    forms={"qualify": _FORM, "scan": _SCAN, "remedy": {**_FORM, "ui": {"compute": {"left": "$data.value"}}}},
    decisions={"credit"},
    stages={"sales": _STAGES},
    calendars={"office"},
    policies={"sales": {"policy": "sales", "forms": {"qualify": {"priority": 70}}}},
    clocks={"answer": _CLOCK, "unseen": None},
    processes={"t.other": None, "t.sale": _SALE},
    kinds=frozenset({"http", "soap", "soapserver"}),
    runs=("shell", "script:python", "container:alpine"),
    capabilities={"orders": _ORDERS},
    implements={"erp": ["orders"]},
    certified={"erp": []},
    profile={"profile": "small", "title": "Small", "connections": {"wms": {"absent": "The warehouse is asked."}}},
    functions={"greet": {"1.0.0": _GREET}},
    templates={"receipt": _RECEIPT},
)
