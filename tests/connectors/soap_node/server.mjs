// A warehouse by the library `soap`, for the SOAP connector to talk to: node server.mjs MODULES TLS_FOLDER
//
// Prints one line of JSON with its ports when it is ready, and ends when its standard input ends.
// The operation Order answers with what the library, and xml-crypto for signatures, made of the headers.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createRequire } from 'node:module';

const [modules, folder] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const soap = require('soap');
const { SignedXml } = require('xml-crypto');
const { DOMParser } = require('@xmldom/xmldom');
const template = readFileSync(new URL('warehouse.wsdl', import.meta.url), 'utf8');
const wsse = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';

/** Which elements a signature covers, once it holds. */
function signed(xml) {
  const dom = new DOMParser().parseFromString(xml, 'text/xml');
  const node = dom.getElementsByTagNameNS('http://www.w3.org/2000/09/xmldsig#', 'Signature')[0];
  if (!node) return undefined;
  const token = dom.getElementsByTagNameNS(wsse, 'BinarySecurityToken')[0].textContent.replace(/\s/g, '');
  const certificate = new X509Certificate(Buffer.from(token, 'base64'));
  const check = new SignedXml({ publicCert: certificate.toString(), getCertFromKeyInfo: () => null });
  check.loadSignature(node);
  if (!check.checkSignature(xml)) return ['nothing'];
  return check.getSignedReferences().map((part) => /^<(?:[\w.-]+:)?(\w+)/.exec(part)[1]).sort();
}

function user(token) {
  if (!token) return undefined;
  const { Password: given, Nonce: nonce, Created: created } = token;
  const secret = given.$value ?? given;
  const type = (given.attributes?.Type ?? '').split('#')[1];
  const right = type === 'PasswordDigest' ? soap.passwordDigest(nonce.$value ?? nonce, created, 's;e}c') : 's;e}c';
  return { name: token.Username, type, right: secret === right };
}

const order = ({ Reference }, _callback, headers, req) => ({
  Said: JSON.stringify({
    reference: Reference,
    session: headers?.Session ?? headers?.session,
    user: user(headers?.Security?.UsernameToken),
    timestamp: headers?.Security?.Timestamp,
    action: headers?.Action?.$value ?? headers?.Action,
    signed: signed(req.text ?? ''),
    certificate: req.socket.getPeerCertificate?.()?.subject?.CN,
  }),
});
const level = (answer) => ({ sku, site }) => ({ level: answer + String(sku).length, site: site ?? 'none' });
const services = {
  Stock: { Levels: { Level: level(10) } },
  Legacy: { Bookings: { Book: (args) => ({ said: JSON.stringify(args) }), Level: level(20) } },
  Shop: { Orders: { Order: order }, Orders12: { Order: order } },
};

const tls = { key: 'server.key', cert: 'server.pem', ca: 'ca.pem' };
for (const name of Object.keys(tls)) tls[name] = readFileSync(`${folder}/${tls[name]}`);
const servers = {
  http: createServer((_req, res) => res.writeHead(404).end()),
  https: createSecureServer({ ...tls, requestCert: true, rejectUnauthorized: true }, (_req, res) => res.writeHead(404).end()),
};
const ports = {};
for (const [scheme, server] of Object.entries(servers)) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  ports[scheme] = server.address().port;
  const wsdl = template.replaceAll('ORIGIN', `${scheme}://127.0.0.1:${ports[scheme]}`);
  for (const path of ['/levels', '/bookings', '/orders', '/orders12']) {
    const forceSoap12Headers = path === '/orders12';
    const listening = soap.listen(server, { path, services, xml: wsdl, forceSoap12Headers });
    listening.log = (type, data, req) => { if (type === 'received') req.text = data; };
  }
}
process.stdin.resume().on('end', () => process.exit(0));
process.stdout.write(`${JSON.stringify(ports)}\n`);
