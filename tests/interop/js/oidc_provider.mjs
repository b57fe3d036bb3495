// oidc_provider: a real oidc-provider on 127.0.0.1. argv[2] names a JSON file: issuer, port,
// clients, keys (JWKs of a verifier whose attestations it judges itself), proxy, routes.
import { readFileSync } from 'node:fs';
import { createPublicKey, randomBytes } from 'node:crypto';
import Provider, { errors } from 'oidc-provider';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const day = 24 * 3600;

// Any name and password will do for the pages of oidc-provider's own; the name is the account.
async function findAccount(ctx, id) {
  return { accountId: id, claims: async () => ({ sub: id }) };
}

const attestClientAuth = settings.attestation_keys && {
  enabled: true,
  ack: 'draft-12',
  additionalSecuritySignal: 'required',
  challengeSecret: randomBytes(32),
  getAttestationSignaturePublicKey(ctx, header) {
    const jwk = settings.attestation_keys.find((key) => key.kid === header.kid);
    if (!jwk) throw new Error('nobody we know attested this');
    return createPublicKey({ key: jwk, format: 'jwk' });
  },
  assertAttestationJwtAndPop() {},
};

// Rich authorization requests (RFC 9396): whoever pays must say how much.
const richAuthorizationRequests = {
  enabled: true,
  types: {
    payment: {
      validate(ctx, detail) {
        if (typeof detail.amount !== 'string') {
          throw new errors.InvalidAuthorizationDetails('a payment of how much?');
        }
      },
    },
  },
  authorizationDetailsForGrantSource: (ctx) => ctx.oidc.grant.rar,
  authorizationDetailsForAccessToken: (ctx, token, source) => source?.rar
    ?? JSON.parse(ctx.oidc.params.authorization_details),
  authorizationDetailsForIntrospection: (ctx, token) => token.rar,
};

const provider = new Provider(settings.issuer, {
  clients: settings.clients,
  findAccount,
  ...(settings.routes && { routes: settings.routes }),
  scopes: ['openid', 'offline_access', 'notes', 'admin'],
  cookies: { keys: [randomBytes(16).toString('hex')] },
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt',
    'private_key_jwt', 'none'],
  ttl: {
    AccessToken: 3600, AuthorizationCode: 300, ClientCredentials: 600, DeviceCode: 600, Grant: day,
    IdToken: 3600, Interaction: 600, Session: day,
    // A client whose name says so gets refresh tokens that are old at once.
    RefreshToken: (ctx, token, client) => (client.clientId.endsWith('brief') ? 1 : day),
  },
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    dPoP: { enabled: true, ...(attestClientAuth && { nonceSecret: randomBytes(32) }) },
    introspection: { enabled: true },
    pushedAuthorizationRequests: { enabled: settings.par !== false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({ scope: 'notes', accessTokenFormat: 'opaque' }),
    },
    revocation: { enabled: true },
    richAuthorizationRequests,
    ...(attestClientAuth && { attestClientAuth }),
  },
});

// Token exchange (RFC 8693): its own access token against another one, of the same or less scope.
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
async function exchangeToken(ctx) {
  const { params, client } = ctx.oidc;
  const subject = params.subject_token_type === ACCESS_TOKEN
    && (await provider.AccessToken.find(params.subject_token)
      ?? await provider.ClientCredentials.find(params.subject_token));
  if (!subject?.isValid || subject.clientId !== client.clientId) {
    throw new errors.InvalidGrant('no such subject_token');
  }
  const scope = params.scope ?? subject.scope;
  if (scope.split(' ').some((word) => !subject.scope.split(' ').includes(word))) {
    throw new errors.InvalidScope('more than the subject_token has', scope);
  }
  const token = new provider.ClientCredentials({ client, scope, audience: params.audience });
  ctx.body = {
    access_token: await token.save(), issued_token_type: ACCESS_TOKEN, token_type: 'Bearer',
    expires_in: token.expiration, scope,
  };
}
provider.registerGrantType('urn:ietf:params:oauth:grant-type:token-exchange', exchangeToken,
  ['subject_token', 'subject_token_type', 'audience', 'scope']);

provider.proxy = settings.proxy === true;
provider.on('server_error', (ctx, error) => console.error(error));
provider.on('grant.error', (ctx, error) => console.error(error.message, error.error_detail ?? error.error_description, error.cause?.message ?? ''));

const server = provider.listen(settings.port, '127.0.0.1');
process.on('SIGTERM', () => { server.close(); server.closeAllConnections(); });
