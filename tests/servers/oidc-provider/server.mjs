// A certified OpenID provider with the clients that the tests need, and an API that takes its tokens.
import { createServer } from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import { errors, Provider } from 'oidc-provider'

const RESOURCE = 'urn:api'
const key = generateKeyPairSync('rsa', { modulusLength: 2048 })
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = { ...elliptic.publicKey.export({ format: 'jwk' }), kid: 'elliptic', use: 'sig', alg: 'ES256' }
const GROUPS = { carla: ['sales', 'people'], bruno: ['garden'] }
const secret = 'a-long-secret-of-the-tests-0123456789'
const machine = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: 'read write' }
const person = { ...machine, grant_types: ['password', 'refresh_token', 'authorization_code'], redirect_uris: ['https://x.example'], response_types: ['code'], scope: 'openid offline_access read' }

const clients = [
  { client_id: 'post', client_secret: secret, token_endpoint_auth_method: 'client_secret_post', ...machine },
  { client_id: 'b:sic', client_secret: 'p+s%20/&=:' + secret, token_endpoint_auth_method: 'client_secret_basic', ...machine },
  { client_id: 'secret-jwt', client_secret: secret, token_endpoint_auth_method: 'client_secret_jwt', ...machine },
  { client_id: 'key-jwt', jwks: { keys: [{ ...key.publicKey.export({ format: 'jwk' }), kid: 'rsa', use: 'sig' }] }, token_endpoint_auth_method: 'private_key_jwt', ...machine },
  { client_id: 'elliptic-jwt', jwks: { keys: [jwk] }, token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256', ...machine },
  { client_id: 'signed', client_secret: secret, token_endpoint_auth_method: 'client_secret_post', ...machine },
  { client_id: 'person', client_secret: secret, token_endpoint_auth_method: 'client_secret_post', ...person },
  { client_id: 'cauce', client_secret: secret, token_endpoint_auth_method: 'client_secret_post', grant_types: ['authorization_code'], response_types: ['code'], redirect_uris: ['http://cauce.test/login/openid/return'], scope: 'openid profile email groups', backchannel_logout_uri: 'http://127.0.0.1:1/logout' },
  { client_id: 'public', token_endpoint_auth_method: 'none', ...person },
]

const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const origin = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(origin, {
    clients,
    scopes: ['openid', 'offline_access', 'read', 'write'],
    claims: { openid: ['sub'], profile: ['preferred_username', 'name'], email: ['email'], groups: ['groups'] },
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id, name: `${id} of the company`, groups: GROUPS[id] || [] }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    rotateRefreshToken: true,
    ttl: { ClientCredentials: 600, AccessToken: 600, RefreshToken: 3600, Grant: 3600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      backchannelLogout: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // One client gets tokens that say who issued them, the others opaque ones.
        defaultResource: (_, client) => (client.clientId === 'signed' ? RESOURCE : undefined),
        getResourceServerInfo: () => ({ scope: 'read write', accessTokenFormat: 'jwt' }),
        useGrantedResource: () => true,
      },
    },
  })
  if (process.env.DEBUG_PROVIDER) provider.on('server_error', (_, error) => console.error(error))
  provider.registerGrantType('password', async (ctx) => {
    const { username, password, scope } = ctx.oidc.params
    if (username !== 'ana' || password !== 'open sesame') throw new errors.InvalidGrant('wrong password')
    ctx.body = await tokens(provider, ctx.oidc.client, username, scope)
  }, ['username', 'password', 'scope'])
  server.on('request', async (request, response) => {
    if (request.url.startsWith('/interaction/')) return interact(provider, request, response)
    if (!request.url.startsWith('/test/') && request.url !== '/api') return provider.callback()(request, response)
    const [status, body] = await answer(provider, request)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  const privateKeys = { rsa: key.privateKey.export({ type: 'pkcs8', format: 'pem' }), elliptic: { ...elliptic.privateKey.export({ format: 'jwk' }), kid: 'elliptic', alg: 'ES256' } }
  process.stdout.write(`${JSON.stringify({ origin, secret, privateKeys })}\n`)
})
process.on('SIGTERM', () => process.exit(0))

// Instead of asking for a password: whoever `login_hint` names is logged in, and agrees to everything.
async function interact (provider, request, response) {
  const { params, prompt, session, grantId } = await provider.interactionDetails(request, response)
  if (prompt.name === 'login') return provider.interactionFinished(request, response, { login: { accountId: params.login_hint } })
  const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
  grant.addOIDCScope(params.scope)
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true })
}

let refused = new Set()

async function answer (provider, request) {
  if (request.url === '/test/refuse') {
    refused = new Set(seen)
    return [200, {}]
  }
  if (request.url === '/test/refresh-token') return [200, await tokens(provider, await provider.Client.find('person'), 'ana', 'openid offline_access read')]
  if (request.url.startsWith('/test/logout-token?')) {
    const sub = new URL(request.url, 'http://x').searchParams.get('sub')
    const client = await provider.Client.find('cauce')
    const logout = new provider.IdToken({ sub }, { client, ctx: undefined })
    logout.mask = { sub: null }
    logout.set('jti', String(Math.random()))
    logout.set('events', { 'http://schemas.openid.net/event/backchannel-logout': {} })
    return [200, { token: await logout.issue({ use: 'logout' }) }]
  }
  const token = (request.headers.authorization || '').replace(/^Bearer /, '')
  const found = await provider.ClientCredentials.find(token) || await provider.AccessToken.find(token)
  if (token && token.split('.').length === 3) return [200, { client: 'signed' }]
  if (!found || refused.has(token)) return [401, { error: 'who are you?' }]
  seen.add(token)
  return [200, { client: found.clientId, account: found.accountId || null, scope: found.scope || null }]
}

const seen = new Set()

async function tokens (provider, client, accountId, scope) {
  const grant = new provider.Grant({ clientId: client.clientId, accountId })
  grant.addOIDCScope(scope || 'openid')
  const grantId = await grant.save()
  const about = { accountId, client, grantId, scope, gty: 'password', claims: {} }
  const access = new provider.AccessToken(about)
  const answer = { access_token: await access.save(), expires_in: access.expiration, token_type: 'Bearer', scope }
  if ((scope || '').includes('offline_access')) answer.refresh_token = await new provider.RefreshToken(about).save()
  return answer
}
