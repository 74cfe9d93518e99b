import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { keyIdOf } from '../record/checkpoint/signer.ts'
import { openKmsSigner } from './kms-signer.ts'

const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/1234'

interface Asked {
  readonly target: string
  readonly body: Readonly<Record<string, string>>
}

/** As much of KMS as a signer needs. */
let server: Server
let endpoint = ''
let keys = generateKeyPairSync('ed25519') as { publicKey: KeyObject; privateKey: KeyObject }
let spec = 'ECC_NIST_EDWARDS25519'
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
    const answer = refuses === undefined ? answerTo(target, body) : { __type: refuses, message: 'hush' }
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
beforeEach(() => {
  asked.length = 0
  refuses = undefined
  spec = 'ECC_NIST_EDWARDS25519'
  keys = generateKeyPairSync('ed25519')
})

function answerTo(target: string, body: Asked['body']): object {
  if (target === 'TrentService.GetPublicKey') {
    const der = keys.publicKey.export({ type: 'spki', format: 'der' })
    const kinds = { KeySpec: spec, KeyUsage: 'SIGN_VERIFY', SigningAlgorithms: ['ED25519_SHA_512'] }
    return { KeyId: ARN, PublicKey: der.toString('base64'), ...kinds }
  }
  const signature = sign(null, Buffer.from(body['Message'] ?? '', 'base64'), keys.privateKey)
  return { KeyId: ARN, Signature: signature.toString('base64'), SigningAlgorithm: body['SigningAlgorithm'] }
}

const place = () => ({ arn: ARN, region: 'eu-west-1', endpoint })

test('signs as Ed25519 does, with the key that KMS has', async () => {
  const signer = await openKmsSigner(place())
  assert.equal(signer.keyId, keyIdOf(keys.publicKey))
  const bytes = Buffer.from('what is signed')
  assert.ok(verify(null, bytes, keys.publicKey, await signer.sign(bytes)))
  const [, signing] = asked
  assert.equal(signing?.target, 'TrentService.Sign')
  assert.deepEqual(
    [signing?.body['KeyId'], signing?.body['MessageType'], signing?.body['SigningAlgorithm']],
    [ARN, 'RAW', 'ED25519_SHA_512'],
  )
})

test('a signature of another key is not given on', async () => {
  const signer = await openKmsSigner(place())
  keys = generateKeyPairSync('ed25519')
  await assert.rejects(signer.sign(Buffer.from('x')), {
    code: 'journal-key-unusable',
    message: /what it gave is no signature of its key/,
  })
})

test('a key of another kind is refused, whatever KMS calls it', async () => {
  spec = 'ECC_NIST_P256'
  await assert.rejects(openKmsSigner(place()), /no key of the kind `ECC_NIST_EDWARDS25519`/)
  spec = 'ECC_NIST_EDWARDS25519'
  keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await assert.rejects(openKmsSigner(place()), /it is not an Ed25519 key/)
})

test('what KMS refuses, and that it cannot be reached, are told by name', async () => {
  const signer = await openKmsSigner(place())
  refuses = 'AccessDeniedException'
  await assert.rejects(signer.sign(Buffer.from('x')), {
    code: 'journal-key-unusable',
    message: `the key \`${ARN}\` in KMS cannot be used: \`Sign\` failed with \`AccessDeniedException\``,
  })
  const nowhere = openKmsSigner({ ...place(), endpoint: 'http://127.0.0.1:1' })
  await assert.rejects(nowhere, /`GetPublicKey` failed with `ECONNREFUSED`/)
})
