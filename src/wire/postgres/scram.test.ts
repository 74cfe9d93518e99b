import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import {
  md5Password,
  readPassword,
  readSaslInitial,
  writePassword,
  writeSaslInitial,
} from './authentication.ts'
import { endPointBinding } from './channel-binding.ts'
import { BackendReader, FrontendReader } from './reader.ts'
import { saslprep } from './saslprep.ts'
import { SCRAM, SCRAM_LIMITS, SCRAM_PLUS } from './scram.ts'
import { ScramClient, type ScramClientOptions } from './scram-client.ts'
import { ScramServer } from './scram-server.ts'
import {
  makeVerifier,
  mockVerifier,
  readVerifier,
  type ScramVerifier,
  writeVerifier,
} from './scram-verifier.ts'

const vector = (name: string): string =>
  readFileSync(new URL(`../../../vectors/postgres/${name}`, import.meta.url), 'utf8')
const secret = (text: string): Redacted => new Redacted(text)
const NONCE = 'rOprNGfwEbeRWgbNEkqO'
const SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
const BINDING = createHash('sha256').update('a certificate').digest()

async function refuses(run: () => unknown, code: string): Promise<void> {
  await assert.rejects(
    async () => await run(),
    (error: unknown) => {
      assert.ok(error instanceof GateError, String(error))
      assert.equal(error.code, code, error.message)
      return true
    },
  )
}

function client(options: Partial<ScramClientOptions> = {}): ScramClient {
  return new ScramClient({
    password: secret('pencil'),
    mechanisms: [SCRAM],
    binding: undefined,
    nonce: NONCE,
    ...options,
  })
}

test('the example of RFC 7677, from both sides', async () => {
  const one = client({ user: 'user' })
  const verifier = await makeVerifier(secret('pencil'), SALT, 4096)
  const other = new ScramServer({ verifier, binding: undefined, nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0' })
  assert.equal(one.mechanism, 'SCRAM-SHA-256')
  const first = one.first()
  assert.equal(first.toString(), 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO')
  const answer = other.first('SCRAM-SHA-256', first)
  assert.equal(
    answer.toString(),
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  )
  const final = await one.final(answer)
  assert.equal(
    final.toString(),
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  )
  const outcome = other.final(final)
  assert.equal(outcome.toString(), 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')
  assert.equal(one.proven, false)
  one.verify(outcome)
  assert.equal(one.proven, true)
})

test('what psql and PostgreSQL proved to each other is proven here', async () => {
  type Segment = readonly ['c' | 's', string]
  const transcripts = JSON.parse(vector('transcripts.json')) as { name: string; connections: Segment[][] }[]
  let proofs = 0
  for (const { name, connections } of transcripts) {
    for (const segments of connections) {
      const said = (by: 'c' | 's'): Buffer =>
        Buffer.concat(segments.flatMap(([who, data]) => (who === by ? [Buffer.from(data, 'base64')] : [])))
      const fromClient = new FrontendReader()
      fromClient.authenticated()
      const fromServer = new BackendReader()
      fromClient.push(said('c'))
      fromServer.push(said('s'))
      let startup = fromClient.nextStartup()
      while (startup?.kind === 'ssl-request' || startup?.kind === 'gss-request') {
        assert.equal(fromServer.nextEncryptionReply(), 'N')
        startup = fromClient.nextStartup()
      }
      if (startup?.kind !== 'startup') continue
      const steps: Redacted<Buffer>[] = []
      for (let frame = fromClient.next(); frame; frame = fromClient.next()) {
        const message = fromClient.read(frame)
        if (message.kind === 'authentication') steps.push(message.data)
      }
      const answers: Buffer[] = []
      for (let frame = fromServer.next(); frame; frame = fromServer.next()) {
        const message = fromServer.read(frame)
        if (message.kind === 'authentication' && 'data' in message) answers.push(message.data)
      }
      if (answers[0] === undefined) continue
      const { data } = readSaslInitial(steps[0]!)
      const [, user = '', nonce = ''] = /^n,,n=([^,]*),r=(.*)$/.exec(data!.toString())!
      const mine = client({ password: secret('canary-of-the-store-url'), user, nonce })
      assert.deepEqual(mine.first(), data)
      const proof = await mine.final(answers[0])
      if (name.includes('wrong')) {
        assert.notDeepEqual(proof, steps[1]!.reveal())
        continue
      }
      assert.deepEqual(proof, steps[1]!.reveal())
      mine.verify(answers[1]!)
      assert.ok(mine.proven)
      proofs++
    }
  }
  assert.ok(proofs >= 5)
})

const passwords = fc.oneof(fc.string({ minLength: 1 }), fc.string({ unit: 'grapheme', minLength: 1 }))
const exchange = async (
  one: ScramClient,
  other: ScramServer,
  change: (step: number, message: Buffer) => Buffer = (_, message) => message,
): Promise<void> => {
  const answer = change(1, other.first(one.mechanism, change(0, one.first())))
  const outcome = other.final(change(2, await one.final(answer)))
  one.verify(change(3, outcome))
}

test('who knows the password is proven, on both sides; who knows another is not', async () => {
  await fc.assert(
    fc.asyncProperty(passwords, passwords, fc.boolean(), async (password, guess, bound) => {
      const binding = bound ? BINDING : undefined
      const verifier = await makeVerifier(secret(password), SALT)
      const fresh = (): ScramServer => new ScramServer({ verifier, binding, nonce: 'the-server' })
      const { mechanisms } = fresh()
      const good = client({ password: secret(password), mechanisms, binding, user: 'a=b,ü' })
      await exchange(good, fresh())
      assert.ok(good.proven)
      assert.equal(good.mechanism, bound ? SCRAM_PLUS : SCRAM)
      if (saslprep(guess) === saslprep(password)) return
      const bad = client({ password: secret(guess), mechanisms, binding })
      await refuses(() => exchange(bad, fresh()), 'scram-proof-mismatch')
      assert.equal(bad.proven, false)
    }),
    { numRuns: 25 },
  )
})

test('no byte of any message can be changed', async () => {
  const verifier = await makeVerifier(secret('pencil'), SALT)
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 3 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      async (step, at, flip, bound) => {
        const binding = bound ? BINDING : undefined
        const other = new ScramServer({ verifier, binding, nonce: 'the-server' })
        const one = client({ mechanisms: other.mechanisms, binding })
        const change = (i: number, message: Buffer): Buffer => {
          if (i !== step) return message
          const changed = Buffer.from(message)
          changed[at % changed.length]! ^= flip
          return changed
        }
        await assert.rejects(exchange(one, other, change), (error: unknown) => {
          assert.ok(error instanceof GateError, String(error))
          assert.match(error.code, /^scram-/)
          return true
        })
        assert.equal(one.proven, false)
      },
    ),
    { numRuns: 80 },
  )
})

test('a server is refused that asks for too little, too much, or repeats the nonce', async () => {
  const firstOf = async (answer: string): Promise<unknown> => {
    const one = client()
    one.first()
    return await one.final(Buffer.from(answer, 'latin1'))
  }
  const salt = SALT.toString('base64')
  await refuses(() => firstOf(`r=${NONCE}x,s=${salt},i=4095`), 'scram-server-refused')
  await refuses(() => firstOf(`r=${NONCE}x,s=${salt},i=1000001`), 'scram-server-refused')
  for (const answer of [
    `r=${NONCE},s=${salt},i=4096`,
    `r=x${NONCE},s=${salt},i=4096`,
    `r=${NONCE}x,s=${salt},i=04096`,
    `r=${NONCE}x,s=${salt},i=4096 `,
    `r=${NONCE}x,s=${salt},i=99999999999999999999`,
    `r=${NONCE}x,s=,i=4096`,
    `r=${NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gR==,i=4096`,
    `r=${NONCE}x,s=${salt},i=4096,x=1`,
    `m=x,r=${NONCE}x,s=${salt},i=4096`,
    `s=${salt},r=${NONCE}x,i=4096`,
    `r=${NONCE}\u00fc,s=${salt},i=4096`,
    `r=${NONCE}x,s=${salt}`,
    '',
    `r=${NONCE}${'x'.repeat(SCRAM_LIMITS.messageBytes)},s=${salt},i=4096`,
  ]) {
    await refuses(() => firstOf(answer), 'scram-reply-malformed')
  }
})

test('a server that proves nothing is not believed', async () => {
  const begun = async (): Promise<ScramClient> => {
    const one = client()
    one.first()
    await one.final(Buffer.from(`r=${NONCE}x,s=${SALT.toString('base64')},i=4096`))
    return one
  }
  const other = `v=${Buffer.alloc(32).toString('base64')}`
  await refuses(async () => (await begun()).verify(Buffer.from(other)), 'scram-server-unproven')
  await refuses(async () => (await begun()).verify(Buffer.from('e=invalid-proof')), 'scram-server-refused')
  await refuses(async () => (await begun()).verify(Buffer.from('v=')), 'scram-reply-malformed')
  await refuses(async () => (await begun()).verify(Buffer.from(`${other},x=1`)), 'scram-reply-malformed')
  await refuses(() => client().verify(Buffer.from(other)), 'scram-reply-malformed')
  await refuses(() => client().final(Buffer.from(other)), 'scram-reply-malformed')
  const once = await begun()
  await refuses(() => once.verify(Buffer.from(other)), 'scram-server-unproven')
  await refuses(() => once.verify(Buffer.from(other)), 'scram-reply-malformed')
  await refuses(() => client({ mechanisms: ['OAUTHBEARER'] }), 'scram-server-refused')
  await refuses(() => client({ mechanisms: [SCRAM_PLUS] }), 'scram-server-refused')
})

test('channel binding: what was taken away is noticed, and another connection', async () => {
  const verifier = await makeVerifier(secret('pencil'), SALT)
  const server = (binding: Buffer | undefined): ScramServer =>
    new ScramServer({ verifier, binding, nonce: 'the-server' })
  assert.deepEqual(server(BINDING).mechanisms, [SCRAM_PLUS, SCRAM])
  assert.deepEqual(server(undefined).mechanisms, [SCRAM])
  const lied = client({ mechanisms: [SCRAM], binding: BINDING })
  assert.match(lied.first().toString(), /^y,,/)
  await refuses(() => exchange(client({ binding: BINDING }), server(BINDING)), 'scram-binding-mismatch')
  await exchange(client({ binding: BINDING }), server(undefined))
  await exchange(client(), server(BINDING))
  const elsewhere = client({
    mechanisms: [SCRAM_PLUS],
    binding: createHash('sha256').update('other').digest(),
  })
  await refuses(() => exchange(elsewhere, server(BINDING)), 'scram-binding-mismatch')
  const first = (mechanism: string, text: string) => () => server(BINDING).first(mechanism, Buffer.from(text))
  await refuses(first(SCRAM, 'p=tls-server-end-point,,n=,r=x'), 'scram-malformed')
  await refuses(first(SCRAM_PLUS, 'n,,n=,r=x'), 'scram-malformed')
  await refuses(first(SCRAM_PLUS, 'y,,n=,r=x'), 'scram-malformed')
  await refuses(first(SCRAM_PLUS, 'p=tls-unique,,n=,r=x'), 'scram-malformed')
  await refuses(first('SCRAM-SHA-1', 'n,,n=,r=x'), 'scram-malformed')
  await refuses(() => server(undefined).first(SCRAM_PLUS, Buffer.from('n,,n=,r=x')), 'scram-malformed')
})

test('messages of clients that are of another form are refused', async () => {
  const verifier = await makeVerifier(secret('pencil'), SALT)
  const server = (): ScramServer => new ScramServer({ verifier, binding: undefined, nonce: 'the-server' })
  for (const text of [
    '',
    'n,,',
    'n,,n=',
    'n,,n=,r=',
    'n,a=admin,n=,r=x',
    'n,,m=x,n=,r=x',
    'n,,n=,r=x,x=1',
    'n,,n=,r=\u00fc',
    'n,,n=,r=x\0',
    'N,,n=,r=x',
    `n,,n=,r=${'x'.repeat(2000)}`,
  ]) {
    await refuses(() => server().first(SCRAM, Buffer.from(text)), 'scram-malformed')
  }
  const begun = (): ScramServer => {
    const one = server()
    one.first(SCRAM, Buffer.from('n,,n=,r=x'))
    return one
  }
  const proof = Buffer.alloc(32).toString('base64')
  await refuses(() => begun().final(Buffer.from(`c=biws,r=xthe-server,p=${proof}`)), 'scram-proof-mismatch')
  await refuses(() => begun().final(Buffer.from(`c=eSws,r=xthe-server,p=${proof}`)), 'scram-binding-mismatch')
  for (const text of [
    `c=biws,r=xthe-serve,p=${proof}`,
    `c=biws,r=xthe-server,p=${proof},p=${proof}`,
    `c=biws,r=xthe-server,x=1,p=${proof}`,
    'c=biws,r=xthe-server,p=',
    'c=biws,r=xthe-server',
    `c=bi,r=xthe-server,p=${proof}`,
  ]) {
    await refuses(() => begun().final(Buffer.from(text)), 'scram-malformed')
  }
  await refuses(() => server().final(Buffer.from(`c=biws,r=xthe-server,p=${proof}`)), 'scram-malformed')
  const over = begun()
  await refuses(() => over.final(Buffer.from(`c=biws,r=xthe-server,p=${proof}`)), 'scram-proof-mismatch')
  await refuses(() => over.final(Buffer.from(`c=biws,r=xthe-server,p=${proof}`)), 'scram-malformed')
})

test('any bytes are refused by both sides, and by nothing but their own errors', async () => {
  const verifier = await makeVerifier(secret('pencil'), SALT)
  const words = fc.constantFrom(
    'n',
    'y',
    'p=tls-server-end-point',
    ',',
    'n=',
    'r=',
    's=',
    'i=',
    'v=',
    'e=',
    'c=',
    'p=',
    'biws',
    '4096',
    NONCE,
    'x',
    '=',
  )
  const noise = fc.oneof(
    fc.array(words, { maxLength: 12 }).map(all => Buffer.from(all.join(''))),
    fc.uint8Array({ maxLength: 60 }).map(all => Buffer.from(all)),
  )
  const refused = async (run: () => unknown): Promise<void> => {
    try {
      await run()
    } catch (error) {
      assert.ok(error instanceof GateError && error.code.startsWith('scram-'), String(error))
    }
  }
  await fc.assert(
    fc.asyncProperty(noise, fc.boolean(), async (bytes, bound) => {
      const options = { verifier, binding: bound ? BINDING : undefined, nonce: 'the-server' }
      await refused(() => new ScramServer(options).first(bound ? SCRAM_PLUS : SCRAM, bytes))
      const server = new ScramServer(options)
      server.first(SCRAM, Buffer.from('n,,n=,r=x'))
      await assert.rejects(async () => server.final(bytes), GateError)
      const one = client()
      one.first()
      await refused(() => one.final(bytes))
      await refused(() => one.verify(bytes))
      assert.equal(one.proven, false)
    }),
    { numRuns: 500 },
  )
})

test('a user who does not exist looks like one who does, and nobody is that user', async () => {
  const key = Buffer.alloc(32, 7)
  assert.deepEqual(mockVerifier(key, 'a'), mockVerifier(key, 'a'))
  assert.notDeepEqual(mockVerifier(key, 'a').salt, mockVerifier(key, 'b').salt)
  assert.notDeepEqual(mockVerifier(key, '\u0161').salt, mockVerifier(key, 'a').salt)
  const mock: ScramVerifier = mockVerifier(key, 'nobody')
  assert.equal(mock.salt.length, 16)
  const server = new ScramServer({ verifier: mock, binding: undefined, nonce: 'the-server' })
  await refuses(() => exchange(client(), server), 'scram-proof-mismatch')
})

test('verifiers have the form of PostgreSQL', async () => {
  // Made by PostgreSQL 15: `select rolpassword from pg_authid`, of the password `pencil`.
  const text = vector('verifier.txt').trim()
  const verifier = readVerifier(text)
  assert.equal(writeVerifier(verifier), text)
  assert.deepEqual(await makeVerifier(secret('pencil'), verifier.salt, verifier.iterations), verifier)
  const changes: readonly (readonly [string, string])[] = [
    ['SHA-256', 'SHA-1'],
    ['$', ':'],
    [':', '$'],
    ['$4096', '$0'],
    ['==', '='],
  ]
  for (const [from, to] of changes) {
    await refuses(() => readVerifier(text.replace(from, to)), 'scram-malformed')
  }
  await refuses(() => readVerifier(`md5${'0'.repeat(32)}`), 'scram-malformed')
})

test('SASLprep: the examples of RFC 4013, and what is left as it is', () => {
  assert.equal(saslprep('I\u00adX'), 'IX')
  assert.equal(saslprep('user'), 'user')
  assert.equal(saslprep('USER'), 'USER')
  assert.equal(saslprep('\u00aa'), 'a')
  assert.equal(saslprep('\u2168'), 'IX')
  assert.equal(saslprep('a\u00a0b\u3000c'), 'a b c')
  for (const refused of [
    '\u0007',
    '\u06271',
    'a\u0627',
    '\u00ad',
    '\ue000\u2168',
    '\ufffe\u2168',
    '\u{10fffe}',
  ]) {
    assert.equal(saslprep(refused), refused)
  }
  assert.equal(saslprep('\u0627 1 \u0628'), '\u0627 1 \u0628')
})

test('the binding to a connection is the hash of the certificate, by its signature', () => {
  const all = JSON.parse(vector('channel-bindings.json')) as {
    signature: string
    certificate: string
    binding: string | null
  }[]
  for (const { signature, certificate, binding } of all) {
    const der = Buffer.from(certificate, 'base64')
    assert.equal(endPointBinding(der)?.toString('hex') ?? null, binding, signature)
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat({ max: 400 }), (noise, at) => {
      endPointBinding(Buffer.from(noise))
      const cut = Buffer.from(all[0]!.certificate, 'base64')
      endPointBinding(cut.subarray(0, at))
      endPointBinding(Buffer.concat([cut.subarray(0, at), Buffer.from(noise)]))
    }),
  )
})

test('passwords and the first message of SASL are read as they are written', async () => {
  assert.equal(readPassword(writePassword(secret('pä'))).reveal(), 'pä')
  await refuses(() => readPassword(new Redacted(Buffer.from('a\0b\0'))), 'postgres-malformed')
  await refuses(() => readPassword(new Redacted(Buffer.from('a'))), 'postgres-malformed')
  for (const data of [null, Buffer.from('n,,n=,r=x')]) {
    assert.deepEqual(readSaslInitial(writeSaslInitial({ mechanism: SCRAM, data })), {
      mechanism: SCRAM,
      data,
    })
  }
  await refuses(
    () => readSaslInitial(new Redacted(Buffer.from('A\0\0\0\0\x05ab', 'latin1'))),
    'postgres-malformed',
  )
  await refuses(
    () => readSaslInitial(new Redacted(Buffer.from('A\0\0\0\0\x01ab', 'latin1'))),
    'postgres-malformed',
  )
})

test('MD5, as PostgreSQL computes it', () => {
  // printf 'md5%s' $(printf '%s\x01\x02\x03\x04' $(printf pencilalice | md5sum | cut -c-32) | md5sum | cut -c-32)
  const answer = md5Password(secret('pencil'), 'alice', Buffer.from([1, 2, 3, 4])).reveal()
  assert.equal(answer, vector('md5.txt').trim())
})
