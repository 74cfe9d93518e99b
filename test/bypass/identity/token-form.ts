import { type Attack, exchange, goodClaims, keys, part, rs256 } from './world.ts'

const invalid = 'identity-token-invalid'
const good = JSON.stringify(goodClaims())

function swap(token: string, at: number, by: (part: string) => string): string {
  return token
    .split('.')
    .map((each, i) => (i === at ? by(each) : each))
    .join('.')
}

/** Tokens that two parsers could read in two ways, or that are no tokens at all. */
export const attacks: readonly Attack[] = [
  { name: 'empty', code: 'sts-parameter-invalid', run: w => exchange(w, '') },
  { name: 'not a token', code: invalid, run: w => exchange(w, 'token') },
  { name: 'dots alone', code: invalid, run: w => exchange(w, '..') },
  { name: 'a million dots', code: invalid, run: w => exchange(w, '.'.repeat(1_000_000)) },
  { name: 'four parts', code: invalid, run: w => exchange(w, `${rs256()}.AAAA`) },
  { name: 'five parts (an encrypted token)', code: invalid, run: w => exchange(w, `${rs256()}.AAAA.AAAA`) },
  { name: 'a space before it', code: invalid, run: w => exchange(w, ` ${rs256()}`) },
  { name: 'a newline after it', code: invalid, run: w => exchange(w, `${rs256()}\n`) },
  { name: 'padding', code: invalid, run: w => exchange(w, `${rs256()}==`) },
  {
    name: 'the other base64 alphabet',
    code: invalid,
    run: w =>
      exchange(
        w,
        swap(rs256(), 2, s => `+${s.slice(1)}`),
      ),
  },
  {
    name: 'loose bits at the end of the signature',
    code: invalid,
    run: w =>
      // 256 bytes end in a character of which two bits count.
      exchange(
        w,
        swap(rs256(), 2, s => s.slice(0, -1) + ({ A: 'B', Q: 'R', g: 'h', w: 'x' }[s.slice(-1)] ?? 'B')),
      ),
  },
  {
    name: 'larger than 16 KB',
    code: invalid,
    run: w => exchange(w, rs256({ claims: goodClaims({ groups: 'g'.repeat(16_000) }) })),
  },
  {
    name: 'sub twice',
    code: invalid,
    run: w => exchange(w, rs256({ claims: good.replace('{', '{"sub":"admin",') })),
  },
  {
    name: 'sub twice, once written with an escape',
    code: invalid,
    run: w => exchange(w, rs256({ claims: good.replace('{', '{"s\\u0075b":"admin",') })),
  },
  {
    name: 'Sub beside sub',
    code: invalid,
    run: w => exchange(w, rs256({ claims: goodClaims({ Sub: 'admin' }) })),
  },
  {
    name: 'alg twice in the header',
    code: invalid,
    run: w => exchange(w, rs256({ header: '{"alg":"none","alg":"RS256","kid":"rsa"}' })),
  },
  {
    name: 'a claim twice, deep inside',
    code: invalid,
    run: w => exchange(w, rs256({ claims: good.replace('{', '{"a":[{"b":1,"b":2}],') })),
  },
  {
    name: 'claims nested a thousand levels deep',
    code: invalid,
    run: w =>
      exchange(w, rs256({ claims: good.replace('{', `{"a":${'['.repeat(1000)}${']'.repeat(1000)},`) })),
  },
  { name: 'claims are a list', code: invalid, run: w => exchange(w, rs256({ claims: `[${good}]` })) },
  { name: 'claims are null', code: invalid, run: w => exchange(w, rs256({ claims: 'null' })) },
  {
    name: 'a byte order mark before the claims',
    code: invalid,
    run: w => exchange(w, rs256({ claims: `\ufeff${good}` })),
  },
  {
    name: 'something after the claims',
    code: invalid,
    run: w => exchange(w, rs256({ claims: `${good}{}` })),
  },
  {
    name: 'claims that are not UTF-8',
    code: invalid,
    run: w =>
      exchange(
        w,
        swap(rs256(), 1, () =>
          Buffer.from(good.replace('job-7', 'job-\xff'), 'latin1').toString('base64url'),
        ),
      ),
  },
  {
    name: 'claims exchanged under the same signature',
    code: invalid,
    run: w =>
      exchange(
        w,
        swap(rs256(), 1, () => part(goodClaims({ sub: 'admin' }))),
      ),
  },
  {
    name: 'signed by a stranger',
    code: invalid,
    run: w => exchange(w, rs256({ key: keys.stranger.privateKey })),
  },
]
