// oauth4webapi_client: npm's oauth4webapi as an app uses it; only its fetch is another one.
import * as oauth from 'oauth4webapi';

export async function connect({ issuer, clientId, redirectUri, fetch }) {
  const url = new URL(issuer);
  const options = { [oauth.customFetch]: fetch, [oauth.allowInsecureRequests]: true }; // http: here
  const as = await oauth.processDiscoveryResponse(
    url, await oauth.discoveryRequest(url, { ...options, algorithm: 'oauth2' }));
  const client = { client_id: clientId };
  const auth = oauth.None();
  let verifier;
  let state;
  const handle = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
  const bound = (dpop) => (dpop ? { ...options, DPoP: handle } : options);

  return {
    metadata: async () => as,
    login: async ({ scope }) => {
      verifier = oauth.generateRandomCodeVerifier();
      state = oauth.generateRandomState();
      const pushed = await oauth.processPushedAuthorizationResponse(as, client,
        await oauth.pushedAuthorizationRequest(as, client, auth, {
          response_type: 'code', redirect_uri: redirectUri, scope, state, prompt: 'consent',
          code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
        }, options));
      const to = new URL(as.authorization_endpoint);
      to.searchParams.set('client_id', clientId);
      to.searchParams.set('request_uri', pushed.request_uri);
      return { url: to };
    },
    finish: async ({ url: back, dpop, idTokenExpected }) => {
      const params = oauth.validateAuthResponse(as, client, new URL(back), state);
      const response = await oauth.authorizationCodeGrantRequest(
        as, client, auth, params, redirectUri, verifier, bound(dpop));
      const grant = await oauth.processAuthorizationCodeResponse(
        as, client, response, { requireIdToken: idTokenExpected });
      if (idTokenExpected) await oauth.validateApplicationLevelSignature(as, response, options);
      return { ...grant, claims: oauth.getValidatedIdTokenClaims(grant) };
    },
    refresh: async ({ token, dpop }) => oauth.processRefreshTokenResponse(as, client,
      await oauth.refreshTokenGrantRequest(as, client, auth, token, bound(dpop))),
    credentials: async ({ scope, dpop }) => oauth.processClientCredentialsResponse(as, client,
      await oauth.clientCredentialsGrantRequest(as, client, auth, { scope }, bound(dpop))),
    device: async ({ scope }) => oauth.processDeviceAuthorizationResponse(as, client,
      await oauth.deviceAuthorizationRequest(as, client, auth, { scope }, options)),
    poll: async ({ started }) => oauth.processDeviceCodeResponse(as, client,
      await oauth.deviceCodeGrantRequest(as, client, auth, started.device_code, options)),
    introspect: async ({ token }) => oauth.processIntrospectionResponse(as, client,
      await oauth.introspectionRequest(as, client, auth, token, options)),
    revoke: async ({ token }) => oauth.processRevocationResponse(
      await oauth.revocationRequest(as, client, auth, token, options)),
  };
}
