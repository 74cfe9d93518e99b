import { hash } from 'node:crypto'
import { START_MS } from '../../../src/identity/testing.ts'
import { type Attack, exchange, goodClaims, ISSUER, keys, OTHER_ISSUER, rs256 } from './world.ts'

const invalid = 'identity-token-invalid'
const rejected = 'identity-token-rejected'
const nowS = START_MS / 1000

function claiming(name: string, code: string, change: Record<string, unknown>): Attack {
  return { name, code, run: w => exchange(w, rs256({ claims: goodClaims(change) })) }
}

/** Tokens that are truly signed, but not for this, not now, or not by whom they say. */
export const attacks: readonly Attack[] = [
  claiming('no iss', invalid, { iss: undefined }),
  claiming('an issuer that is not configured', invalid, { iss: 'https://evil.example' }),
  claiming('the issuer with a slash more', invalid, { iss: `${ISSUER}/` }),
  claiming('the issuer in upper case', invalid, { iss: ISSUER.toUpperCase() }),
  claiming('the issuer over plain http', invalid, { iss: 'http://idp.example' }),
  claiming('the issuer in a list', invalid, { iss: [ISSUER] }),
  claiming('the name of the issuer for its URL', invalid, { iss: 'idp' }),
  claiming('iss of another configured issuer, signed by this one', invalid, { iss: OTHER_ISSUER }),
  {
    name: 'iss of this issuer, signed by another configured one',
    code: invalid,
    run: w => exchange(w, rs256({ key: keys.stranger.privateKey })),
  },
  {
    name: 'a true token of another configured issuer for a role that does not trust it',
    code: 'sts-denied',
    run: w => {
      const claims = goodClaims({ iss: OTHER_ISSUER, aud: 'other-audience' })
      return exchange(w, rs256({ claims, key: keys.stranger.privateKey }))
    },
  },
  claiming('expired', 'identity-token-expired', { exp: nowS - 60 }),
  claiming('no exp', invalid, { exp: undefined }),
  claiming('exp is a string', invalid, { exp: String(nowS + 300) }),
  claiming('exp is beyond all time', invalid, { exp: 1e300 }),
  claiming('exp is negative', invalid, { exp: -1 }),
  claiming('not valid yet', invalid, { nbf: nowS + 61 }),
  claiming('nbf is a string', invalid, { nbf: '0' }),
  claiming('issued in the future', invalid, { iat: nowS + 61 }),
  claiming('issued after it expires', invalid, { iat: nowS + 50, exp: nowS + 40 }),
  claiming('issued a year ago, for ten years', invalid, { iat: nowS - 31_536_000, exp: nowS + 315_360_000 }),
  claiming('no aud', rejected, { aud: undefined }),
  claiming('another audience', rejected, { aud: 'sts.amazonaws.com' }),
  claiming('the audience in another case', rejected, { aud: 'Sallyport' }),
  claiming('the audience and more', rejected, { aud: 'sallyport ' }),
  claiming('an audience of another issuer', rejected, { aud: 'other-audience' }),
  claiming('no audience in the list', rejected, { aud: [] }),
  claiming('an audience inside a list inside a list', rejected, { aud: [['sallyport']] }),
  claiming('azp is the audience, aud is not', rejected, { aud: 'another', azp: 'sallyport' }),
  claiming('no sub', rejected, { sub: undefined }),
  claiming('an empty sub', rejected, { sub: '' }),
  claiming('sub is a list', rejected, { sub: ['job-7'] }),
  claiming('sub with a new line', rejected, { sub: 'job-7\nroot' }),
  claiming('sub that turns the writing direction', rejected, { sub: 'job-7\u202e' }),
  claiming('sub of 256 characters', rejected, { sub: 's'.repeat(256) }),
  claiming('another subject than the role trusts', 'sts-denied', { sub: 'job-8' }),
  claiming('a claim that names the condition key of the subject', 'sts-denied', {
    sub: 'job-8',
    'idp.example:sub': 'job-7',
  }),
  claiming('a tag that is no string', 'sts-parameter-invalid', {
    'https://aws.amazon.com/tags': { principal_tags: { team: { $ne: 1 } } },
  }),
  claiming('a tag with two values', 'sts-parameter-invalid', {
    'https://aws.amazon.com/tags': { principal_tags: { team: ['a', 'b'] } },
  }),
  claiming('the same tag nested and flattened', 'sts-parameter-invalid', {
    'https://aws.amazon.com/tags': { principal_tags: { team: ['a'] } },
    'https://aws.amazon.com/tags/principal_tags/Team': 'b',
  }),
  claiming('a source identity with a slash', 'sts-parameter-invalid', {
    'https://aws.amazon.com/source_identity': 'a/b',
  }),
  claiming('a source identity that is a list', rejected, {
    'https://aws.amazon.com/source_identity': ['ada'],
  }),
  claiming('claims that fit no session token', 'sts-too-large', {
    noise: Array.from({ length: 200 }, (_, i) => hash('sha256', String(i), 'base64')),
  }),
]
