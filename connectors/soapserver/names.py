"""The names of SOAP, of WSDL, and of what belongs to them."""

from typing import Final

soap11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
soap12: Final = "http://www.w3.org/2003/05/soap-envelope"
wsdl: Final = "http://schemas.xmlsoap.org/wsdl/"
wsdl_soap11: Final = "http://schemas.xmlsoap.org/wsdl/soap/"
wsdl_soap12: Final = "http://schemas.xmlsoap.org/wsdl/soap12/"
http_transport: Final = "http://schemas.xmlsoap.org/soap/http"
xsd: Final = "http://www.w3.org/2001/XMLSchema"
xsi: Final = "http://www.w3.org/2001/XMLSchema-instance"
wsse: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
wsu: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
addressing: Final = ("http://www.w3.org/2005/08/addressing", "http://schemas.xmlsoap.org/ws/2004/08/addressing")
problem: Final = "Problem"
