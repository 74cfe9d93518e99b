import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface KmsCall {
  /** `TrentService.Encrypt` */
  readonly target: string
  readonly body: {
    readonly KeyId: string
    readonly Plaintext?: string
    readonly CiphertextBlob?: string
    readonly EncryptionContext: object
  }
}

/** As much of KMS as a master key needs: a ciphertext is what was asked, turned around. */
export interface KmsStub {
  readonly endpoint: string
  readonly asked: readonly KmsCall[]
  /** Answers with this error from now on; undefined: as it should. */
  refuse(name: string | undefined): void
  stop(): void
}

export async function startKmsStub(): Promise<KmsStub> {
  const asked: KmsCall[] = []
  let refused: string | undefined
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const body = JSON.parse(Buffer.concat(pieces).toString()) as KmsCall['body']
    asked.push({ target: String(request.headers['x-amz-target']), body })
    const answer = refused === undefined ? answerTo(body) : { __type: refused, message: 'no' }
    response.writeHead('__type' in answer ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(answer))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    refuse: name => {
      refused = name
    },
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function answerTo(body: KmsCall['body']): object {
  const bound = JSON.stringify([body.KeyId, body.EncryptionContext])
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
