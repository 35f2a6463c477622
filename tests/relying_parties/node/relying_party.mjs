// A relying party on openid-client. Its environment: ISSUER, CLIENT_ID, CLIENT_SECRET, URL (our address), RESOURCE (an API).
import { createServer } from 'node:http'
import * as client from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, URL: OWN, RESOURCE } = process.env
const SCOPE = 'openid profile email roles permits:read'

const config = await client.discovery(
  new URL(ISSUER), CLIENT_ID, undefined, client.ClientSecretBasic(CLIENT_SECRET),
  { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
)
const browsers = new Map()

const routes = {
  '/login': async (browser, _, response) => {
    browser.checks = {
      pkceCodeVerifier: client.randomPKCECodeVerifier(),
      expectedState: client.randomState(),
      expectedNonce: client.randomNonce(),
    }
    redirect(response, client.buildAuthorizationUrl(config, {
      redirect_uri: `${OWN}/callback`,
      scope: SCOPE,
      state: browser.checks.expectedState,
      nonce: browser.checks.expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(browser.checks.pkceCodeVerifier),
      code_challenge_method: 'S256',
    }))
  },
  '/callback': async (browser, url, response) => {
    browser.tokens = await client.authorizationCodeGrant(config, url, { ...browser.checks, idTokenExpected: true })
    browser.claims = browser.tokens.claims()
    json(response, { claims: browser.claims, scope: browser.tokens.scope })
  },
  '/userinfo': async (browser, _, response) =>
    json(response, await client.fetchUserInfo(config, browser.tokens.access_token, browser.claims.sub)),
  '/refresh': async (browser, _, response) => {
    const before = browser.tokens.refresh_token
    browser.tokens = { ...browser.tokens, ...await client.refreshTokenGrant(config, before) }
    json(response, { rotated: browser.tokens.refresh_token !== before, userinfo:
      await client.fetchUserInfo(config, browser.tokens.access_token, browser.claims.sub) })
  },
  '/api-token': async (browser, _, response) => {
    const answer = await client.refreshTokenGrant(config, browser.tokens.refresh_token, { resource: RESOURCE })
    browser.tokens.refresh_token = answer.refresh_token ?? browser.tokens.refresh_token
    json(response, { access_token: answer.access_token, scope: answer.scope })
  },
  '/revoke': async (browser, _, response) => {
    await client.tokenRevocation(config, browser.tokens.refresh_token)
    json(response, {})
  },
  '/logout': async (browser, _, response) =>
    redirect(response, client.buildEndSessionUrl(config, {
      id_token_hint: browser.tokens.id_token, post_logout_redirect_uri: `${OWN}/signed-out`, state: 'bye',
    })),
  '/signed-out': async (_, url, response) => json(response, { state: url.searchParams.get('state') }),
}

function redirect(response, to) {
  response.writeHead(302, { location: to.href }).end()
}

function json(response, body, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function browserOf(request, response) {
  const found = /node_rp=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? crypto.randomUUID()
  response.setHeader('set-cookie', `node_rp=${found}; HttpOnly; SameSite=Lax; Path=/`)
  if (!browsers.has(found)) browsers.set(found, {})
  return browsers.get(found)
}

createServer(async (request, response) => {
  const url = new URL(request.url, OWN)
  const route = routes[url.pathname]
  if (!route) return json(response, { error: 'not found' }, 404)
  try {
    await route(browserOf(request, response), url, response)
  } catch (error) {
    json(response, { error: error.error ?? error.code ?? error.name, message: error.message }, 400)
  }
}).listen(new URL(OWN).port, new URL(OWN).hostname, () => console.log('listening'))
