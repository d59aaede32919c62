// The ERP of the demo company: a SOAP service by the library `soap` over a SQLite file.
//
//   ERP_USERNAME=… ERP_PASSWORD=… node server.mjs DATABASE [PORT]
//
// Prints one line of JSON with its addresses when it is ready (PORT 0, the default, chooses one) and ends when its
// standard input ends, so that it never outlives the program that started it.

import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import soap from 'soap';

import { creditNoteOperations } from './credit-notes.mjs';
import { customerOperations } from './customers.mjs';
import { Database } from './database.mjs';
import { Faults, Refusal, suffer } from './faults.mjs';
import { itemOperations } from './items.mjs';
import { orderOperations, releaseOrder } from './orders.mjs';

const HOST = '127.0.0.1';
const OPERATIONS = { ...customerOperations, ...itemOperations, ...orderOperations, ...creditNoteOperations };
const BODY_LIMIT = 64 * 1024;

const [file, port = '0'] = process.argv.slice(2);
const { ERP_USERNAME: username, ERP_PASSWORD: password } = process.env;
if (!file || !username || !password) {
  process.stderr.write('Usage: ERP_USERNAME=… ERP_PASSWORD=… node server.mjs DATABASE [PORT]\n');
  process.exit(2);
}

const db = new Database(file);
const faults = new Faults(Object.keys(OPERATIONS));
const calls = Object.fromEntries(Object.keys(OPERATIONS).map((name) => [name, 0]));
const digest = (text) => createHash('sha256').update(text).digest();
const login = digest(`Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);

/** One WSDL operation: count it, let a fault strike, do the work; what is not a refusal is our own error. */
function operation(name, work) {
  return (args, _callback, _headers, _req, res) => {
    calls[name] += 1;
    return suffer(faults.strike(name), res, () => work(db, args ?? {})).catch((error) => {
      if (error instanceof Refusal) throw error;
      process.stderr.write(`${name}: ${error.stack}\n`);
      throw new Refusal('INTERNAL_ERROR', 'The ERP has an error of its own; its log says more.');
    });
  };
}

function authorized(req, res) {
  const open = req.method === 'GET' || !new URL(req.url, `http://${HOST}`).pathname.startsWith('/erp');
  if (open || timingSafeEqual(digest(req.headers.authorization ?? ''), login)) return true;
  res.writeHead(401, { 'WWW-Authenticate': 'Basic realm="erp"', 'Content-Type': 'text/plain' });
  return false;
}

function answer(res, status, data) {
  res.writeHead(status, { 'Content-Type': 'application/json' });
  res.end(`${JSON.stringify(data)}\n`);
}

async function body(req) {
  // A page in a browser can send other types without asking first.
  if (!/^application\/json\b/.test(req.headers['content-type'] ?? '')) throw new Error('Send the body as application/json.');
  let text = '';
  for await (const chunk of req) {
    text += chunk;
    if (text.length > BODY_LIMIT) throw new Error('The body is too long.');
  }
  return text === '' ? {} : JSON.parse(text);
}

async function admin(req, res) {
  const { pathname } = new URL(req.url, `http://${HOST}`);
  const released = /^\/admin\/orders\/([^/]+)\/release$/.exec(pathname);
  try {
    if (pathname === '/health') return answer(res, 200, { status: 'ok' });
    if (pathname === '/admin/stats') return answer(res, 200, { ...db.stats(), calls, faults: faults.list() });
    if (pathname === '/admin/faults') {
      if (req.method === 'POST') faults.set(await body(req));
      return answer(res, 200, { faults: faults.list() });
    }
    if (released !== null && req.method === 'POST') return answer(res, 200, { status: releaseOrder(db, released[1]) });
    return answer(res, 404, { problem: 'There is nothing here.' });
  } catch (error) {
    return answer(res, 400, { problem: error.message });
  }
}

function stop() {
  db.close();
  process.exit(0);
}

const server = createServer(admin); // the library passes on what is not below /erp
server.keepAliveTimeout = 60_000;
server.listen(Number(port), HOST, () => {
  const base = `http://${HOST}:${server.address().port}`;
  const wsdl = readFileSync(new URL('erp.wsdl', import.meta.url), 'utf8').replace('http://127.0.0.1:8090/erp', `${base}/erp`);
  const services = { Erp: { ErpPort: Object.fromEntries(Object.entries(OPERATIONS).map(([name, work]) => [name, operation(name, work)])) } };
  const service = soap.listen(server, {
    path: '/erp', services, xml: wsdl, suppressStack: true, enableChunkedEncoding: false,
    callback: () => process.stdout.write(`${JSON.stringify({ port: server.address().port, wsdl: `${base}/erp?wsdl`, admin: `${base}/admin`, pid: process.pid })}\n`),
  });
  service.authorizeConnection = authorized;
});

process.stdin.resume();
process.stdin.on('end', stop);
process.stdin.on('error', stop);
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
