import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { GateError } from '../core/errors.ts'
import { type CheckpointSigner, keyIdOf } from '../record/checkpoint/signer.ts'
import { failureOf, type KmsKeyPlace, kmsClient } from './kms-master-key.ts'

/** Ed25519 as it is, not over a digest. https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html */
const ALGORITHM = 'ED25519_SHA_512'
const KEY_SPEC = 'ECC_NIST_EDWARDS25519'

/**
 * A signer whose key is in AWS KMS (key spec `ECC_NIST_EDWARDS25519`) and stays there. Asks KMS for the public key
 * first; every signature is checked with it before anybody uses it. Rejects with `journal-key-unusable` where the key
 * is of another kind or KMS does not answer; so does `sign`.
 */
export async function openKmsSigner(place: KmsKeyPlace): Promise<CheckpointSigner> {
  const { arn } = place
  const { kms, sdk } = await kmsClient(place)
  const publicKey = await asking(arn, 'GetPublicKey', async () => {
    const reply = await kms.send(new sdk.GetPublicKeyCommand({ KeyId: arn }))
    if (reply.KeySpec !== KEY_SPEC || reply.SigningAlgorithms?.includes(ALGORITHM) !== true) {
      throw unusable(arn, `it is no key of the kind \`${KEY_SPEC}\` for signing`)
    }
    return readKey(arn, reply.PublicKey)
  })
  return {
    keyId: keyIdOf(publicKey),
    publicKey,
    sign: bytes =>
      asking(arn, 'Sign', async () => {
        const input = { KeyId: arn, Message: bytes, MessageType: 'RAW', SigningAlgorithm: ALGORITHM } as const
        const signature = Buffer.from((await kms.send(new sdk.SignCommand(input))).Signature ?? [])
        if (!verify(null, bytes, publicKey, signature)) {
          throw unusable(arn, 'what it gave is no signature of its key: an alias may name another key now')
        }
        return signature
      }),
  }
}

async function asking<T>(arn: string, operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof GateError) throw error
    throw unusable(arn, `\`${operation}\` failed with ${failureOf(error)}`, error)
  }
}

function readKey(arn: string, der: Uint8Array | undefined): KeyObject {
  let key: KeyObject
  try {
    key = createPublicKey({ key: Buffer.from(der ?? []), format: 'der', type: 'spki' })
  } catch (cause) {
    throw unusable(arn, 'its public key cannot be read', cause)
  }
  if (key.asymmetricKeyType !== 'ed25519') throw unusable(arn, 'it is not an Ed25519 key')
  return key
}

function unusable(arn: string, why: string, cause?: unknown): GateError {
  return new GateError('journal-key-unusable', `the key \`${arn}\` in KMS cannot be used: ${why}`, { cause })
}
