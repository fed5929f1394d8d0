// An independent OpenID Connect provider for tests: npm oidc-provider with its
// own pages, two people and the clients that the command line names. It listens
// on this machine, on a free port, and prints {"issuer": "…"} when it is up.
//
//   node server.mjs '[{"client_id": "portal", "redirect_uris": ["http://…"]}]'
//
// Whoever starts it keeps its standard input open: it ends when that closes, so
// it never outlives a test. A line "rotate" there replaces the signing keys and
// is answered with a line "rotated".
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import Provider from 'oidc-provider';

console.info = console.error; // standard output is for our two lines

const people = {
  ana: { sub: 'ana', name: 'Ana Pérez', email: 'ana@example.com', email_verified: true, locale: 'es' },
  ben: { sub: 'ben', name: 'Ben Okafor', email: 'ben@example.com', email_verified: false, locale: 'en' },
};

const clients = JSON.parse(process.argv[2] ?? '[]');

function keys() {
  const make = (alg, ...how) => ({ ...generateKeyPairSync(...how).privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg });
  return [
    make('RS256', 'rsa', { modulusLength: 2048 }),
    make('PS256', 'rsa', { modulusLength: 2048 }),
    make('ES256', 'ec', { namedCurve: 'P-256' }),
    make('EdDSA', 'ed25519'),
  ];
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://localhost:${server.address().port}`;
  const cookieKeys = [randomUUID()];
  // Without an adapter, sessions and grants live in the module, so a provider
  // with new keys takes over where the one before it stopped.
  const serve = () => new Provider(issuer, {
    clients,
    claims: { openid: ['sub'], profile: ['name', 'locale'], email: ['email', 'email_verified'] },
    cookies: { keys: cookieKeys },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    findAccount: (ctx, id) => people[id] && { accountId: id, claims: () => people[id] },
    jwks: { keys: keys() },
    pkce: { required: () => true },
  }).callback();
  let handle = serve();
  server.on('request', (req, res) => handle(req, res));
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      if (line === 'rotate') {
        handle = serve();
        process.stdout.write('rotated\n');
      }
    })
    .on('close', () => process.exit(0));
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
});
