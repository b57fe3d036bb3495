// openid_client: npm's openid-client as an app uses it; only its fetch is another one.
import * as client from 'openid-client';

export async function connect({ issuer, clientId, redirectUri, fetch }) {
  const config = await client.discovery(new URL(issuer), clientId, undefined, client.None(), {
    [client.customFetch]: fetch, execute: [client.allowInsecureRequests], // http: to this machine
  });
  client.enableNonRepudiationChecks(config);
  let pkceCodeVerifier;
  let state;
  const handle = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
  const bound = (dpop) => (dpop ? { DPoP: handle } : undefined);

  return {
    metadata: async () => config.serverMetadata(),
    login: async ({ scope }) => {
      pkceCodeVerifier = client.randomPKCECodeVerifier();
      state = client.randomState();
      const url = await client.buildAuthorizationUrlWithPAR(config, {
        redirect_uri: redirectUri, scope, state, prompt: 'consent',
        code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
      });
      return { url };
    },
    finish: async ({ url, dpop, idTokenExpected }) => {
      const grant = await client.authorizationCodeGrant(config, new URL(url), {
        pkceCodeVerifier, expectedState: state, idTokenExpected }, undefined, bound(dpop));
      return { ...grant, claims: grant.claims() };
    },
    refresh: ({ token, dpop }) => client.refreshTokenGrant(config, token, undefined, bound(dpop)),
    credentials: ({ scope, dpop }) => client.clientCredentialsGrant(config, { scope }, bound(dpop)),
    device: ({ scope }) => client.initiateDeviceAuthorization(config, { scope }),
    // The response as it came says how long to wait; without a word it would be five seconds.
    poll: ({ started }) => client.pollDeviceAuthorizationGrant(config, { interval: 1, ...started }),
    introspect: ({ token }) => client.tokenIntrospection(config, token),
    revoke: ({ token }) => client.tokenRevocation(config, token),
  };
}
