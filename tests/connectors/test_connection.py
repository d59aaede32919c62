"""Connection documents, the references in their settings, and what their errors mean."""

from typing import Any

import pytest

from cauce import registry
from cauce.connection import Limits, classify, parse
from cauce.connector import Operation
from cauce.errors import (
    AmbiguousError,
    BusinessError,
    CauceError,
    DefinitionError,
    NotFoundError,
    SettingsError,
    TransientError,
)
from connectors import soap

DOCUMENT = {
    "connection": "erp",
    "kind": "soap",
    "title": {"en": "ERP", "es": "ERP"},
    "settings": {
        "wsdl": {"setting": "erp-wsdl"},
        "username": "cauce",
        "password": {"secret": "erp-password"},
        "timeout": "PT20S",
    },
    "limits": {"rate": "20/s", "concurrency": 4, "breaker": {"failures": 3, "reset": "PT30S"}},
    "operations": {
        "create-order": {
            "calls": "SalesOrder.Create",
            "effect": "write",
            "timeout": "PT1M",
            "request": "{Reference: .reference}",
            "idempotency": {"key": ".reference", "find": "find-order"},
            "errors": {"CUSTOMER_BLOCKED": "business", "SERVER_BUSY": "transient"},
        },
        "find-order": {"calls": "SalesOrder.Find", "effect": "read"},
    },
}


class Values:
    def __init__(self, wsdl: str = "", password: str = "", size: Any = None) -> None:
        self.values = {"erp-wsdl": wsdl, "erp-password": password, "size": size}

    def secret(self, name: str) -> str:
        return str(self._value(name))

    def setting(self, name: str) -> Any:
        return self._value(name)

    def _value(self, name: str) -> Any:
        if self.values[name]:
            return self.values[name]
        raise SettingsError(f"There is no {name!r}.", hint="Set it.")


def changed(path: str, value: Any) -> dict[str, Any]:
    import copy  # noqa: PLC0415 - here alone

    document: dict[str, Any] = copy.deepcopy(DOCUMENT)
    *parents, last = path.split(".")
    holder = document
    for name in parents:
        holder = holder[name]
    holder[last] = value
    return document


def test_a_document_becomes_a_connection() -> None:
    connection = parse(DOCUMENT)
    assert (connection.name, connection.kind, connection.title) == ("erp", "soap", {"en": "ERP", "es": "ERP"})
    assert connection.limits == Limits(rate_per_s=20, concurrency=4, breaker_failures=3, breaker_reset_s=30)
    assert connection.operation("create-order") == Operation(
        "create-order",
        "SalesOrder.Create",
        "write",
        timeout_s=60,
        request="{Reference: .reference}",
        idempotency_key=".reference",
        find="find-order",
        errors={"CUSTOMER_BLOCKED": "business", "SERVER_BUSY": "transient"},
    )
    assert connection.operation("find-order").timeout_s == 20


def test_an_unknown_operation_names_the_nearest() -> None:
    with pytest.raises(NotFoundError) as caught:
        parse(DOCUMENT).operation("create-ordr")
    assert str(caught.value) == "Connection erp has no operation 'create-ordr'. Did you mean 'create-order'?"


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("limits.rate", "20", "limits.rate: This is not a rate. Write it as 20/s, 100/min or 1000/h."),
        ("limits.concurrency", 0, "limits.concurrency: This must be a whole number of at least 1."),
        ("settings.timeout", "20s", "settings.timeout: This is not a duration that a limit can have."),
        ("operations.find-order.timeout", "P1M", "operations.find-order.timeout: This is not a duration"),
        ("operations.find-order.effect", "reads", "find-order: An operation says whether it reads or writes."),
        ("operations.create-order.errors", {"A": "busines"},
         "operations.create-order.errors.A: 'busines' is not an error class. Did you mean 'business'?"),
        ("operations.create-order.idempotency.find", "find-ordr",
         "create-order.idempotency.find: There is no operation 'find-ordr' here. Did you mean 'find-order'?"),
        ("operations.create-order.idempotency.find", "create-order", "'create-order' writes, and what finds"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(path: str, value: Any, says: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse(changed(path, value), "definitions/connections/erp.yaml")
    assert str(caught.value).startswith("definitions/connections/erp.yaml: ")
    assert says in str(caught.value)


def test_the_declared_class_of_a_code_wins() -> None:
    operation = parse(DOCUMENT).operation("create-order")
    error = classify(BusinessError("No.", hint="Wait.", remote_code="SERVER_BUSY", detail={"a": 1}), operation)
    assert type(error) is TransientError
    assert (error.problem, error.hint, error.detail) == ("No.", "Wait.", {"a": 1})
    unknown = AmbiguousError("No.", remote_code="OTHER")
    assert classify(unknown, operation) is unknown


def test_references_are_resolved_when_a_connection_opens() -> None:
    opened = registry.open_connection(parse(DOCUMENT), Values("http://127.0.0.1/?wsdl", "hush"))
    assert isinstance(opened.settings, soap.Settings)
    assert opened.settings.wsdl == "http://127.0.0.1/?wsdl"
    assert opened.settings.password is not None
    assert opened.settings.password.get_secret_value() == "hush"
    assert "hush" not in repr(opened.settings)


@pytest.mark.parametrize(
    ("document", "environment", "kind", "says"),
    [
        (DOCUMENT, Values("x"), SettingsError,
         "connection erp: settings.password: There is no 'erp-password'. Set it."),
        (changed("settings", {"username": "a"}), Values(), DefinitionError,
         "connection erp: settings.wsdl: Kind soap needs the setting 'wsdl'."),
        (changed("settings.pasword", "hush"), Values("x", "hush"), DefinitionError,
         "connection erp: settings.pasword: Kind soap has no setting 'pasword'. Did you mean 'password'?"),
        (changed("settings.max_bytes", {"setting": "size"}), Values("x", "hush", size="big-hush"),
         SettingsError, "connection erp: settings.max_bytes: The value this refers to does not fit"),
        (changed("settings.max_bytes", "big-hush"), Values("x", "hush"), DefinitionError,
         "connection erp: settings.max_bytes: This does not fit"),
        (changed("kind", "saop"), Values(), NotFoundError,
         "There is no connector kind 'saop'. Did you mean 'soap'?"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_explained_without_values(
    document: dict[str, Any], environment: Values, kind: type[CauceError], says: str
) -> None:
    with pytest.raises(kind) as caught:
        registry.open_connection(parse(document), environment)
    assert str(caught.value).startswith(says)
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None or isinstance(caught.value.__cause__, CauceError)
