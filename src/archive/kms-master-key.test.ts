import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { openKmsMasterKey } from './kms-master-key.ts'

const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/1234'

interface Asked {
  readonly target: string
  readonly body: { KeyId: string; Plaintext?: string; CiphertextBlob?: string; EncryptionContext: object }
}

/** As much of KMS as a master key needs: a ciphertext is what was asked, turned around. */
let server: Server
let endpoint = ''
let refuses: string | undefined
const asked: Asked[] = []

before(async () => {
  process.env['AWS_ACCESS_KEY_ID'] = 'AKIDEXAMPLE'
  process.env['AWS_SECRET_ACCESS_KEY'] = 'secret'
  server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const body = JSON.parse(Buffer.concat(pieces).toString()) as Asked['body']
    const target = String(request.headers['x-amz-target'])
    asked.push({ target, body })
    const bound = JSON.stringify([body.KeyId, body.EncryptionContext])
    const answer = answerTo(body, bound)
    response.writeHead('__type' in answer ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(answer))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.closeAllConnections()
  server.close()
})

function answerTo(body: Asked['body'], bound: string): object {
  if (refuses !== undefined) return { __type: refuses, message: 'no' }
  if (body.Plaintext !== undefined) {
    const text = JSON.stringify({ bound, plain: body.Plaintext })
    return { KeyId: body.KeyId, CiphertextBlob: Buffer.from(text).reverse().toString('base64') }
  }
  const text = Buffer.from(body.CiphertextBlob ?? '', 'base64')
    .reverse()
    .toString()
  const { bound: wasBound, plain } = JSON.parse(text) as { bound: string; plain: string }
  if (wasBound !== bound) return { __type: 'InvalidCiphertextException' }
  return { KeyId: body.KeyId, Plaintext: plain }
}

test('a key is wrapped and unwrapped by the key that is named, for its context alone', async () => {
  const master = openKmsMasterKey({ arn: ARN, region: 'eu-west-1', endpoint })
  assert.equal(master.id, ARN)
  const key = Buffer.alloc(32, 7)
  const wrapped = await master.wrap(key, 'tenant acme')
  assert.deepEqual(await master.unwrap(wrapped, 'tenant acme'), key)
  assert.deepEqual(
    asked.map(({ target }) => target),
    ['TrentService.Encrypt', 'TrentService.Decrypt'],
  )
  assert.deepEqual(
    asked.map(({ body }) => [body.KeyId, body.EncryptionContext]),
    [
      [ARN, { sallyport: 'tenant acme' }],
      [ARN, { sallyport: 'tenant acme' }],
    ],
  )
  await assert.rejects(master.unwrap(wrapped, 'tenant initech'), {
    code: 'master-key-unavailable',
    message: /`Decrypt` failed with `InvalidCiphertextException`/,
  })
})

test('what KMS refuses, and that it cannot be reached, are told by name', async () => {
  const master = openKmsMasterKey({ arn: ARN, region: 'eu-west-1', endpoint })
  refuses = 'AccessDeniedException'
  await assert.rejects(master.wrap(Buffer.alloc(32), 'x'), {
    code: 'master-key-unavailable',
    message: `the master key \`${ARN}\` cannot be used: \`Encrypt\` failed with \`AccessDeniedException\``,
  })
  refuses = undefined
  const nowhere = openKmsMasterKey({ arn: ARN, region: 'eu-west-1', endpoint: 'http://127.0.0.1:1' })
  await assert.rejects(nowhere.wrap(Buffer.alloc(32), 'x'), /`Encrypt` failed with `ECONNREFUSED`/)
})
