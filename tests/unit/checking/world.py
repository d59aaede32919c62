"""What is published in the world of these tests."""

from workflows.checking import Known, OperationContract

_FIND = {
    "type": "object",
    "required": ["taxId"],
    "properties": {"taxId": {"type": "string"}},
    "additionalProperties": False,
}
_CREATE = {"type": "object", "properties": {"reference": {"type": "string"}, "lines": {"type": "array"}}}
_FORM = {"form": "qualify", "title": "Q", "schema": {"type": "object", "properties": {"score": {"type": "integer"}}}}
_STAGES = {"stages": "sales", "list": [{"id": "lead", "title": "Lead"}, {"id": "won", "title": "Won"}]}

KNOWN = Known(
    operations={
        "find-customer@erp": OperationContract("read", input=_FIND),
        "create-order@erp": OperationContract("write", input=_CREATE),
    },
    forms={"qualify": _FORM},
    decisions={"credit"},
    stages={"sales": _STAGES},
    processes={"t.other"},
    kinds=frozenset({"http", "soap"}),
)
