// Calls a SOAP service by the library `soap`: node client.mjs MODULES WSDL SECURITY OPERATION REQUEST [VERSION]
//
// Prints one line of JSON: {answer} or {fault}, as the library reads them.

import { createRequire } from 'node:module';

const [modules, wsdl, security, operation, request, version] = process.argv.slice(2);
const soap = createRequire(`${modules}/`)('soap');
const logins = {
  basic: () => new soap.BasicAuthSecurity('partner', 'pa55'),
  text: () => new soap.WSSecurity('partner', 'pa55', { passwordType: 'PasswordText', hasTimeStamp: false }),
  digest: () => new soap.WSSecurity('partner', 'pa55', { passwordType: 'PasswordDigest', hasTimeStamp: false }),
  none: () => null,
};
const client = await soap.createClientAsync(wsdl, { forceSoap12Headers: version === '1.2' });
const login = logins[security]();
if (login) client.setSecurity(login);
try {
  const [answer] = await client[`${operation}Async`](JSON.parse(request));
  console.log(JSON.stringify({ answer }));
} catch (error) {
  const fault = error.root?.Envelope?.Body?.Fault ?? String(error);
  console.log(JSON.stringify({ fault, status: error.response?.status }));
}
