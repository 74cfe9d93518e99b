import { sign } from 'node:crypto'
import { type Attack, exchange, goodClaims, hs256, keys, part, rs256 } from './world.ts'

const invalid = 'identity-token-invalid'
const spki = keys.rsa.publicKey.export({ format: 'pem', type: 'spki' })

/** The token chooses how, or with what, it is verified. */
export const attacks: readonly Attack[] = [
  {
    name: 'alg none',
    code: invalid,
    run: w => exchange(w, `${part({ alg: 'none' })}.${part(goodClaims())}.`),
  },
  {
    name: 'alg none with the signature of another algorithm left on',
    code: invalid,
    run: w => exchange(w, `${part({ alg: 'none', kid: 'rsa' })}.${rs256().split('.').slice(1).join('.')}`),
  },
  {
    name: 'alg NoNe',
    code: invalid,
    run: w => exchange(w, `${part({ alg: 'NoNe' })}.${part(goodClaims())}.`),
  },
  {
    name: 'no signature',
    code: invalid,
    run: w => exchange(w, `${rs256().split('.').slice(0, 2).join('.')}.`),
  },
  {
    name: 'HS256 with the public key as PEM for a secret',
    code: invalid,
    run: w => exchange(w, hs256(String(spki))),
  },
  {
    name: 'HS256 with the public key as JWK for a secret',
    code: invalid,
    run: w => exchange(w, hs256(JSON.stringify(keys.rsa.publicKey.export({ format: 'jwk' })))),
  },
  {
    name: 'HS256 with a symmetric key that the set shows',
    code: invalid,
    run: w => exchange(w, hs256(Buffer.alloc(32, 7), { kid: 'shared' })),
  },
  {
    name: 'RS256 claimed for a key that is for ES256',
    code: invalid,
    run: w => exchange(w, rs256({ header: { kid: 'ec' } })),
  },
  {
    name: 'ES256 claimed for an RSA key',
    code: invalid,
    run: w => exchange(w, rs256({ header: { alg: 'ES256' } })),
  },
  {
    name: 'ES256 with an all-zero signature',
    code: invalid,
    run: w => {
      const input = `${part({ alg: 'ES256', kid: 'ec' })}.${part(goodClaims())}`
      return exchange(w, `${input}.${Buffer.alloc(64).toString('base64url')}`)
    },
  },
  {
    name: 'ES256 with a signature in DER',
    code: invalid,
    run: w => {
      const input = `${part({ alg: 'ES256', kid: 'ec' })}.${part(goodClaims())}`
      const der = sign('sha256', Buffer.from(input), keys.ec.privateKey)
      return exchange(w, `${input}.${der.toString('base64url')}`)
    },
  },
  { name: 'RS1', code: invalid, run: w => exchange(w, rs256({ header: { alg: 'RS1' } })) },
  { name: 'alg is a list', code: invalid, run: w => exchange(w, rs256({ header: { alg: ['RS256'] } })) },
  {
    name: 'a key of 1024 bits',
    code: invalid,
    run: w => exchange(w, rs256({ header: { kid: 'weak' }, key: keys.weak.privateKey })),
  },
  {
    name: 'a key that is for encryption',
    code: invalid,
    run: w => exchange(w, rs256({ header: { kid: 'sealed' }, key: keys.stranger.privateKey })),
  },
  {
    name: 'the key in the header (jwk)',
    code: invalid,
    run: w =>
      exchange(
        w,
        rs256({
          header: { jwk: keys.stranger.publicKey.export({ format: 'jwk' }) },
          key: keys.stranger.privateKey,
        }),
      ),
  },
  ...['jku', 'x5u', 'x5c'].map(
    (name): Attack => ({
      name: `the place of the key in the header (${name})`,
      code: invalid,
      run: async w => {
        await exchange(w, rs256()).catch(() => undefined)
        const before = w.fetched.length
        const thrown = await exchange(w, rs256({ header: { [name]: 'https://evil.example/keys' } })).catch(
          e => e,
        )
        if (w.fetched.length !== before) throw new Error('the gate went there')
        throw thrown
      },
    }),
  ),
  {
    name: 'crit names an extension',
    code: invalid,
    run: w => exchange(w, rs256({ header: { crit: ['b64'], b64: true } })),
  },
  { name: 'b64 false', code: invalid, run: w => exchange(w, rs256({ header: { b64: false } })) },
  {
    name: 'kid with a path',
    code: invalid,
    run: w => exchange(w, rs256({ header: { kid: '../../dev/null' } })),
  },
  {
    name: 'kid of a property of every object',
    code: invalid,
    run: w => exchange(w, rs256({ header: { kid: '__proto__' } })),
  },
  { name: 'kid is a number', code: invalid, run: w => exchange(w, rs256({ header: { kid: 0 } })) },
  { name: 'kid is empty', code: invalid, run: w => exchange(w, rs256({ header: { kid: '' } })) },
  {
    name: 'kid is too long',
    code: invalid,
    run: w => exchange(w, rs256({ header: { kid: 'k'.repeat(257) } })),
  },
  {
    name: 'no kid where several keys would fit another',
    code: invalid,
    run: w => exchange(w, rs256({ header: { kid: 'RSA' } })),
  },
  {
    name: 'made-up key ids make the gate ask the issuer at every token',
    code: invalid,
    run: async w => {
      for (let i = 0; i < 50; i++)
        await exchange(w, rs256({ header: { kid: `made-up-${i}` } })).catch(() => undefined)
      if (w.fetched.length > 2) throw new Error(`${w.fetched.length} fetches`)
      return exchange(w, rs256({ header: { kid: 'made-up' } }))
    },
  },
  {
    name: 'an access token (typ at+jwt)',
    code: invalid,
    run: w => exchange(w, rs256({ header: { typ: 'at+jwt' } })),
  },
  { name: 'a logout token', code: invalid, run: w => exchange(w, rs256({ header: { typ: 'logout+jwt' } })) },
]
