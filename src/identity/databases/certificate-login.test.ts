import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import 'reflect-metadata'
import { describe, it } from 'node:test'
import {
  BasicConstraintsExtension,
  Extension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
} from '@peculiar/x509'
import fc from 'fast-check'
import * as made from '../../../test/harness/client-certificates.ts'
import { ManualClock } from '../../core/clock.ts'
import type { ErrorCode } from '../../core/codes.ts'
import { GateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import { parseTrustDocument } from '../../policy/parse.ts'
import { evaluateTrust } from '../../policy/trust.ts'
import type { GateCredentials } from '../credentials.ts'
import { countingRandom, START_MS } from '../testing.ts'
import type { TrustQuestion } from '../trust.ts'
import { certificateLogin } from './certificate-login.ts'
import { ClientAuthorities } from './client-authorities.ts'
import { DatabaseIdentities } from './databases.ts'
import type { CertificateSession, DatabaseClaim } from './port.ts'

const DAY = 86_400_000
const ROLE = 'arn:aws:iam::111122223333:role/ci/deploy'

const { rsa } = made
const authority = (name: string, change: Parameters<typeof made.authority>[2] = {}) =>
  made.authority(name, START_MS, change)
const leaf = async (from: made.Authority, change: made.Leaf = {}): Promise<Buffer> =>
  (await made.leaf(from, START_MS, change)).der

function refusal(run: () => unknown): string {
  try {
    run()
    return 'none'
  } catch (error) {
    assert.ok(error instanceof GateError, String(error))
    return `${error.code}: ${error.message}`
  }
}

describe('a certificate of a client', async () => {
  const ca = await authority('CN=Clients, O=Acme')
  const authorities = new ClientAuthorities(ca.pem)
  const verify = (der: Buffer, nowMs = START_MS) => authorities.verify(der, nowMs)

  it('names its subject by a URI, or else by its common name', async () => {
    const uris: JsonGeneralNames = [
      { type: 'dns', value: 'job.example' },
      { type: 'url', value: 'spiffe://acme/ci' },
      { type: 'url', value: 'spiffe://acme/other' },
    ]
    const byUri = verify(await leaf(ca, { names: uris }))
    assert.equal(byUri.subject, 'spiffe://acme/ci')
    assert.deepEqual(byUri.uris, ['spiffe://acme/ci', 'spiffe://acme/other'])
    assert.deepEqual(byUri.dnsNames, ['job.example'])
    assert.equal(byUri.commonName, 'alice')
    const der = await leaf(ca, { subject: 'O=Acme, CN=Zoë Ω, OU=x' })
    const byName = verify(der)
    assert.equal(byName.subject, 'Zoë Ω')
    assert.equal(byName.notAfterMs, START_MS + DAY)
    const { fingerprint256 } = new X509Certificate(der)
    assert.equal(byName.fingerprint, fingerprint256.replaceAll(':', '').toLowerCase())
  })

  it('is taken from each of the authorities, and from no other', async () => {
    const second = await authority('CN=Second')
    const both = new ClientAuthorities(`# ours\n${ca.pem}\n${second.pem}`)
    for (const each of [ca, second]) assert.equal(both.verify(await leaf(each), START_MS).subject, 'alice')
    assert.match(
      refusal(() => verify(second.der)),
      /no authority/,
    )
    const impostor = await authority('CN=Clients, O=Acme')
    const forged = await leaf(impostor)
    assert.match(
      refusal(() => verify(forged)),
      /no authority/,
    )
  })

  it('is not taken for what is not right with it', async () => {
    const below = await authority('CN=Below')
    const cases: readonly [what: RegExp, der: Buffer][] = [
      [/no authority/, await leaf(below)],
      [/no authority/, await leaf(below, { issuerName: ca.name })],
      [/no authority/, await leaf(ca, { issuerName: 'CN=Other' })],
      [/that of an authority/, await leaf(ca, { extra: [new BasicConstraintsExtension(true, 0, true)] })],
      [/that of an authority/, ca.der],
      [/client authentication/, await leaf(ca, { usage: null })],
      [/client authentication/, await leaf(ca, { usage: ['1.3.6.1.5.5.7.3.1'] })],
      [/client authentication/, await leaf(ca, { usage: ['2.5.29.37.0'] })],
      [
        /for signatures/,
        await leaf(ca, { extra: [new KeyUsagesExtension(KeyUsageFlags.keyEncipherment, true)] }),
      ],
      [/algorithm/, await leaf(ca, { hash: 'SHA-1' })],
      [/too weak/, await leaf(ca, { algorithm: rsa(1024) })],
      [
        /critical extension/,
        await leaf(ca, { extra: [new Extension('1.2.3.4', true, new Uint8Array([5, 0]))] }),
      ],
      [/not valid before/, await leaf(ca, { from: START_MS + 1_000 })],
      [/valid until/, await leaf(ca, { until: START_MS })],
      [/several common names/, await leaf(ca, { subject: 'CN=alice, CN=root' })],
      [/names nobody/, await leaf(ca, { subject: 'O=Acme' })],
      [/names nobody/, await leaf(ca, { subject: `CN=${'a'.repeat(256)}` })],
      [/names nobody/, await leaf(ca, { subject: [{ CN: [{ utf8String: 'ali\u202ece' }] }] as never })],
      [/names nobody/, await leaf(ca, { subject: [{ CN: [{ utf8String: 'alice\0' }] }] as never })],
      [
        /looks like a URI/,
        await leaf(ca, { subject: [{ CN: [{ utf8String: 'spiffe://acme/ci' }] }] as never }),
      ],
      [/no scheme/, await leaf(ca, { names: [{ type: 'url', value: 'alice' }] })],
    ]
    for (const [what, der] of cases) {
      const said = refusal(() => verify(der))
      assert.match(said, /^client-certificate-rejected: /)
      assert.match(said, what)
    }
  })

  it('is taken with RSA, and with a critical extension that is known', async () => {
    verify(await leaf(ca, { algorithm: rsa(2048) }))
    verify(await leaf(ca, { extra: [new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true)] }))
  })

  it('is not taken when its authority is out of date', async () => {
    const short = await authority('CN=Short', { days: 1 })
    const der = await leaf(short, { until: START_MS + 9 * DAY })
    const own = new ClientAuthorities(short.pem)
    own.verify(der, START_MS + DAY)
    assert.match(
      refusal(() => own.verify(der, START_MS + DAY + 1)),
      /authority is out of date/,
    )
    assert.match(
      refusal(() => own.verify(der, START_MS - 2 * DAY)),
      /authority is out of date/,
    )
  })

  it('holds against every change of a byte', async () => {
    const der = await leaf(ca)
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = Buffer.from(der)
        changed[at] = (changed[at] ?? 0) ^ by
        assert.match(
          refusal(() => verify(changed)),
          /^client-certificate-rejected/,
        )
      }),
      { numRuns: 2_000 },
    )
    for (const cut of [
      Buffer.alloc(0),
      der.subarray(1),
      der.subarray(0, -1),
      Buffer.concat([der, Buffer.of(0)]),
    ]) {
      assert.match(
        refusal(() => verify(cut)),
        /^client-certificate-rejected/,
      )
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
        assert.match(
          refusal(() => verify(Buffer.from(bytes))),
          /^client-certificate-rejected/,
        )
      }),
    )
  })

  it('has authorities that are such, and whose limits the gate can honour', async () => {
    const limited = await authority('CN=Limited', {
      extra: [new Extension('2.5.29.30', true, Buffer.from('300da00b3009820765786d706c652e', 'hex'))],
    })
    const none = await authority('CN=None', { ca: false })
    for (const pem of [
      '',
      'hello',
      none.pem,
      limited.pem,
      `${ca.pem}${none.pem}`,
      ca.pem.replace('MII', '!!!'),
    ]) {
      assert.match(
        refusal(() => new ClientAuthorities(pem)),
        /^client-authorities-unusable/,
      )
    }
    assert.match(
      refusal(() => new ClientAuthorities(ca.pem.repeat(101))),
      /expected 1 to 100/,
    )
  })
})

const TRUST = {
  Version: '2012-10-17',
  Statement: {
    ...{ Sid: 'Jobs', Effect: 'Allow', Principal: { Federated: 'acme-clients' } },
    Action: 'sts:AssumeRoleWithCertificate',
    Condition: {
      StringLike: { 'gate:Subject': 'spiffe://acme/*' },
      StringEquals: { 'gate:Claim/dns': 'job.example', 'gate:Issuer': 'acme-clients' },
      IpAddress: { 'aws:SourceIp': '10.0.0.0/8' },
    },
  },
}

describe('a session by certificate', async () => {
  const ca = await authority('CN=Clients')
  const names: JsonGeneralNames = [
    { type: 'url', value: 'spiffe://acme/jobs/nightly 7' },
    { type: 'dns', value: 'job.example' },
  ]
  const certificate = await leaf(ca, { names, until: START_MS + 7_200_000 })

  function world(roles = [ROLE, 'arn:aws:iam::111122223333:role/other']) {
    const clock = new ManualClock(START_MS)
    const begun: CertificateSession[] = []
    const asked: TrustQuestion[] = []
    const ended = new Set<string>()
    const journal = { fails: false }
    const trust = evaluateTrust(parseTrustDocument({ name: 'trust', text: JSON.stringify(TRUST) }))
    const login = certificateLogin({
      ...{
        authorities: new ClientAuthorities(ca.pem),
        issuer: 'acme-clients',
        clock,
        random: countingRandom(3),
      },
      roles: new Map(roles.map(arn => [arn, { arn, maxSessionMs: 3_600_000 }])),
      trusts: (arn, question) => {
        asked.push(question)
        return arn.endsWith('/deploy') ? trust(question) : { allowed: false, reason: 'not this one' }
      },
      connection: ({ clientAddress }) => new Map([['aws:sourceip', [clientAddress]]]),
      began: async session => {
        await Promise.resolve()
        if (journal.fails) throw new GateError('journal-unavailable', 'full')
        begun.push(session)
      },
      isEnded: ({ sessionId }) => ended.has(sessionId),
    })
    const identities = new DatabaseIdentities({
      ...{ engine: 'postgres', clock, listenPorts: () => [], credentials: {} as GateCredentials },
      targets: [{ name: 'orders', engine: 'postgres', host: 'h.example', port: 5432, database: 'o' }],
      certificates: login,
    })
    const claim = (change: Partial<DatabaseClaim> = {}): DatabaseClaim => ({
      ...{ user: 'deploy', database: 'orders', password: new Redacted(''), clientAddress: '10.1.2.3' },
      ...{ secure: true, certificate, ...change },
    })
    return { clock, begun, asked, ended, journal, identities, claim }
  }

  async function refused(attempt: Promise<unknown>, code: ErrorCode): Promise<void> {
    await assert.rejects(attempt, (error: unknown) => {
      assert.ok(error instanceof GateError, String(error))
      assert.equal(error.code, code, error.message)
      return true
    })
  }

  it('is that of the role whose trust policy admits the certificate, and is recorded before it is given', async () => {
    const { identities, claim, begun, asked } = world()
    const { principal, target } = await identities.identify(claim())
    assert.equal(target, 'orders')
    assert.equal(principal.roleArn, ROLE)
    assert.equal(principal.arn, 'arn:aws:sts::111122223333:assumed-role/deploy/acme-jobs-nightly-7')
    assert.equal(principal.issuer, 'acme-clients')
    assert.equal(principal.subject, 'spiffe://acme/jobs/nightly 7')
    assert.equal(principal.claims['cn'], 'alice')
    assert.deepEqual(principal.claims['dns'], ['job.example'])
    assert.equal(principal.expiresAtMs, START_MS + 3_600_000)
    assert.deepEqual(begun, [{ operation: 'AssumeRoleWithCertificate', principal }])
    assert.equal(asked[0]?.action, 'sts:AssumeRoleWithCertificate')
    const byArn = await identities.identify(claim({ user: ROLE }))
    assert.equal(byArn.principal.sessionId, principal.sessionId)
  })

  it('ends with the certificate', async () => {
    const { identities, claim, clock } = world()
    clock.advance(5_400_000)
    const { principal } = await identities.identify(claim())
    assert.equal(principal.expiresAtMs, START_MS + 7_200_000)
    clock.advance(1_800_000)
    await refused(identities.identify(claim()), 'client-certificate-rejected')
  })

  it('takes in the connections of a pool, for five minutes, until a person ends it', async () => {
    const { identities, claim, clock, begun, ended, asked } = world()
    const all = await Promise.all(Array.from({ length: 20 }, () => identities.identify(claim())))
    assert.equal(new Set(all.map(({ principal }) => principal.sessionId)).size, 1)
    assert.equal(begun.length, 1)
    assert.equal(asked.length, 20, 'the trust policy is asked for each')
    await identities.identify(claim({ clientAddress: '10.9.9.9' }))
    assert.equal(begun.length, 2)
    ended.add(all[0]?.principal.sessionId ?? '')
    await identities.identify(claim())
    assert.equal(begun.length, 3)
    clock.advance(300_000)
    await identities.identify(claim())
    assert.equal(begun.length, 4)
  })

  it('is refused where the trust policy says so, for whatever reason', async () => {
    const { identities, claim, begun } = world()
    await refused(identities.identify(claim({ clientAddress: '192.0.2.1' })), 'sts-denied')
    await refused(identities.identify(claim({ user: 'other' })), 'sts-denied')
    await refused(identities.identify(claim({ user: 'nobody' })), 'sts-denied')
    await refused(identities.identify(claim({ user: 'ci/deploy' })), 'sts-denied')
    const plain = await leaf(ca)
    await refused(identities.identify(claim({ certificate: plain })), 'sts-denied')
    await refused(identities.identify(claim({ database: 'other' })), 'database-target-unknown')
    await refused(identities.identify(claim({ database: '' })), 'database-target-unknown')
    assert.equal(begun.length, 0)
  })

  it('needs the ARN where two roles have a name', async () => {
    const twin = 'arn:aws:iam::444455556666:role/deploy'
    const { identities, claim } = world([ROLE, twin])
    await refused(identities.identify(claim()), 'sts-denied')
    assert.equal((await identities.identify(claim({ user: twin }))).principal.account, '444455556666')
  })

  it('does not begin where it cannot be recorded', async () => {
    const { identities, claim, begun, journal } = world()
    journal.fails = true
    const both = [identities.identify(claim()), identities.identify(claim())]
    for (const each of both) await refused(each, 'journal-unavailable')
    journal.fails = false
    await identities.identify(claim())
    assert.equal(begun.length, 1)
  })

  it('is not begun by a client that comes with a password, nor without a certificate', async () => {
    const { identities, claim, begun } = world()
    await refused(identities.identify(claim({ password: new Redacted('x') })), 'database-token-malformed')
    const { certificate: _, ...bare } = claim()
    await refused(identities.identify(bare), 'database-token-malformed')
    assert.equal(begun.length, 0)
  })
})
