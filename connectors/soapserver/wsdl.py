"""The WSDL of a connection: document/literal wrapped, for SOAP 1.1 and 1.2, its types made from JSON Schemas.

Made with lxml: the library that others use for services, spyne, wants types as classes of Python and runs the service
itself; its last release is of 2022.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from lxml import etree
from lxml.builder import ElementMaker

from cauce.receiving import Reception
from connectors.soapserver import messages, names
from schemas.elements import Element, elements_of

_types: Final = {
    "text": "xs:string",
    "integer": "xs:integer",
    "number": "xs:decimal",
    "boolean": "xs:boolean",
    "date": "xs:date",
    "date-time": "xs:dateTime",
}
_versions: Final = (("Soap", names.wsdl_soap11), ("Soap12", names.wsdl_soap12))
_w: Final = ElementMaker(namespace=names.wsdl)
_x: Final = ElementMaker(namespace=names.xsd)


def answers(reception: Reception) -> tuple[Element, ...]:
    """Return the elements of an operation's answer: the output of its process, or a receipt."""
    return elements_of(reception.output) if reception.starts and reception.output is not None else messages.receipt


def write(name: str, namespace: str, address: str, receptions: Sequence[Reception]) -> bytes:
    """Return the WSDL of a service."""
    spaces = {
        "wsdl": names.wsdl,
        "tns": namespace,
        "xs": names.xsd,
        "soap": names.wsdl_soap11,
        "soap12": names.wsdl_soap12,
    }
    root = etree.Element(etree.QName(names.wsdl, "definitions"), nsmap=spaces)
    root.set("name", name)
    root.set("targetNamespace", namespace)
    root.append(_w.types(_schema(namespace, receptions)))
    for each in receptions:
        root.append(_message(each.name, each.name))
        root.append(_message(f"{each.name}Response", f"{each.name}Response"))
    root.append(_message(names.problem, names.problem))
    root.append(_w.portType(*(_operation(each.name) for each in receptions), name=name))
    for version, space in _versions:
        root.append(_binding(name, version, space, namespace, receptions))
    service = _w.service(name=name)
    for version, space in _versions:
        port = _w.port(name=f"{name}{version}", binding=f"tns:{name}{version}")
        port.append(ElementMaker(namespace=space).address(location=address))
        service.append(port)
    root.append(service)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)


@cache
def _soap(space: str) -> ElementMaker:
    return ElementMaker(namespace=space)


def _schema(namespace: str, receptions: Sequence[Reception]) -> Any:  # noqa: ANN401 - an element
    schema = _x.schema(targetNamespace=namespace, elementFormDefault="qualified")
    for each in receptions:
        schema.append(_x.element(_complex(elements_of(each.input)), name=each.name))
        schema.append(_x.element(_complex(answers(each)), name=f"{each.name}Response"))
    schema.append(_x.element(_complex(messages.problem), name=names.problem))
    return schema


def _complex(elements: Sequence[Element]) -> Any:  # noqa: ANN401 - an element
    return _x.complexType(_x.sequence(*(_element(each) for each in elements)))


def _element(element: Element) -> Any:  # noqa: ANN401 - an element
    node = _x.element(name=element.name)
    if not element.required:
        node.set("minOccurs", "0")
    if element.many:
        node.set("maxOccurs", "unbounded")
    if element.nullable:
        node.set("nillable", "true")
    if element.type == "object":
        node.append(_complex(element.children))
    elif element.values:
        node.append(
            _x.simpleType(_x.restriction(*(_x.enumeration(value=each) for each in element.values), base="xs:string"))
        )
    else:
        node.set("type", _types[element.type])
    return node


def _message(name: str, element: str) -> Any:  # noqa: ANN401 - an element
    return _w.message(_w.part(name="parameters", element=f"tns:{element}"), name=name)


def _operation(name: str) -> Any:  # noqa: ANN401 - an element
    return _w.operation(
        _w.input(message=f"tns:{name}"),
        _w.output(message=f"tns:{name}Response"),
        _w.fault(message=f"tns:{names.problem}", name=names.problem),
        name=name,
    )


def _binding(name: str, version: str, space: str, namespace: str, receptions: Sequence[Reception]) -> Any:  # noqa: ANN401 - an element
    soap = _soap(space)
    binding = _w.binding(name=f"{name}{version}", type=f"tns:{name}")
    binding.append(soap.binding(style="document", transport=names.http_transport))
    for each in receptions:
        binding.append(
            _w.operation(
                soap.operation(soapAction=f"{namespace}#{each.name}", style="document"),
                _w.input(soap.body(use="literal")),
                _w.output(soap.body(use="literal")),
                _w.fault(soap.fault(name=names.problem, use="literal"), name=names.problem),
                name=each.name,
            )
        )
    return binding
