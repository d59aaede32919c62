"""Stand-ins for the schemas that WSDLs import from well-known addresses, which are never fetched.

Written here from what their specifications say about names and types: only what a WSDL needs to refer to.
"""

from typing import Final

_xsd: Final = "http://www.w3.org/2001/XMLSchema"
_simple: Final = (
    "string boolean decimal float double duration dateTime time date anyURI QName base64Binary hexBinary integer long"
    " int short byte nonNegativeInteger positiveInteger unsignedLong unsignedInt unsignedShort unsignedByte token"
    " normalizedString language Name NCName NMTOKEN ID IDREF"
)


def _encoding(namespace: str, array_attributes: str) -> bytes:
    """Return a schema of the SOAP encoding: arrays, and one element and type for each simple type."""
    types = "".join(
        f"<xs:complexType name='{name}'><xs:simpleContent><xs:extension base='xs:{name}'>"
        "<xs:attributeGroup ref='tns:commonAttributes'/></xs:extension></xs:simpleContent></xs:complexType>"
        f"<xs:element name='{name}' type='tns:{name}'/>"
        for name in _simple.split()
    )
    return (
        f"<xs:schema xmlns:xs='{_xsd}' xmlns:tns='{namespace}' targetNamespace='{namespace}'>"
        "<xs:attributeGroup name='commonAttributes'><xs:attribute name='id' type='xs:ID'/>"
        "<xs:attribute name='href' type='xs:anyURI'/></xs:attributeGroup>"
        f"{array_attributes}"
        "<xs:group name='Array'><xs:sequence><xs:any namespace='##any' minOccurs='0' maxOccurs='unbounded'"
        " processContents='lax'/></xs:sequence></xs:group>"
        "<xs:complexType name='Array'><xs:group ref='tns:Array' minOccurs='0'/>"
        "<xs:attributeGroup ref='tns:arrayAttributes'/><xs:attributeGroup ref='tns:commonAttributes'/></xs:complexType>"
        "<xs:element name='Array' type='tns:Array'/>"
        f"{types}</xs:schema>"
    ).encode()


def _attributes(namespace: str, *declared: str) -> bytes:
    attributes = "".join(f"<xs:attribute name='{name}' type='xs:string'/>" for name in declared)
    return f"<xs:schema xmlns:xs='{_xsd}' targetNamespace='{namespace}'>{attributes}</xs:schema>".encode()


_soap11_arrays: Final = (
    "<xs:attribute name='arrayType' type='xs:string'/><xs:attribute name='offset' type='xs:string'/>"
    "<xs:attributeGroup name='arrayAttributes'><xs:attribute ref='tns:arrayType'/><xs:attribute ref='tns:offset'/>"
    "</xs:attributeGroup>"
)
_soap12_arrays: Final = (
    "<xs:attribute name='itemType' type='xs:QName'/><xs:attribute name='arraySize' type='xs:string'/>"
    "<xs:attributeGroup name='arrayAttributes'><xs:attribute ref='tns:itemType'/><xs:attribute ref='tns:arraySize'/>"
    "</xs:attributeGroup>"
)
_soap11: Final = "http://schemas.xmlsoap.org/soap/encoding/"
_soap12: Final = "http://www.w3.org/2003/05/soap-encoding"
_xml: Final = "http://www.w3.org/XML/1998/namespace"
_wsdl: Final = "http://schemas.xmlsoap.org/wsdl/"
_mime: Final = "http://www.w3.org/2005/05/xmlmime"

_schemas: Final = {
    _soap11: _encoding(_soap11, _soap11_arrays),
    _soap12: _encoding(_soap12, _soap12_arrays),
    _wsdl: _attributes(_wsdl, "arrayType"),
    _mime: _attributes(_mime, "contentType", "expectedContentTypes"),
}
_xml_schema: Final = _attributes(_xml, "lang", "space", "base", "id")


def stand_in(address: str) -> bytes | None:
    """Return the stand-in for a schema's well-known address; None when there is none."""
    plain = address.partition("://")[2].rstrip("/").removesuffix(".xsd")
    if plain in {"www.w3.org/2001/xml", "www.w3.org/2001/03/xml", "www.w3.org/XML/1998/namespace"}:
        return _xml_schema
    return next((schema for known, schema in _schemas.items() if known.partition("://")[2].rstrip("/") == plain), None)
