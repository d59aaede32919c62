# mypy: ignore-errors
"""A SOAP service by spyne, which makes the WSDL out of classes: `python spyne_server.py PORT`. Runs without Cauce."""

import sys
from decimal import Decimal
from typing import Any
from wsgiref.simple_server import make_server

from spyne import Application, Array, ComplexModel, Fault, ServiceBase, rpc
from spyne.model.binary import ByteArray
from spyne.model.primitive import Boolean, Date, Integer, Unicode
from spyne.model.primitive import Decimal as Number
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication

NAMESPACE = "urn:orders"
KNOWN: dict[str, Any] = {}


class Line(ComplexModel):
    __namespace__ = NAMESPACE
    sku = Unicode
    quantity = Integer
    price = Number
    wanted = Date


class Order(ComplexModel):
    __namespace__ = NAMESPACE
    reference = Unicode
    note = Unicode
    urgent = Boolean
    scan = ByteArray
    lines = Array(Line)


class Created(ComplexModel):
    __namespace__ = NAMESPACE
    number = Integer
    total = Number


class Orders(ServiceBase):
    @rpc(Order, _returns=Created)
    def Create(ctx: Any, order: Any) -> Any:  # noqa: N805 - the names of the contract; spyne passes no self
        del ctx
        if not order.lines:
            raise Fault("Client.NO_LINES", "An order has lines.", detail={"code": "NO_LINES"})
        KNOWN[order.reference] = order
        total = sum((line.quantity * line.price for line in order.lines), Decimal())
        return Created(number=len(KNOWN), total=total)

    @rpc(Unicode, _returns=Order)
    def Find(ctx: Any, reference: Any) -> Any:  # noqa: N805 - as above
        del ctx
        return KNOWN.get(reference)


application = Application([Orders], NAMESPACE, in_protocol=Soap11(validator="lxml"), out_protocol=Soap11())
with make_server("127.0.0.1", int(sys.argv[1]), WsgiApplication(application)) as server:
    server.serve_forever()
