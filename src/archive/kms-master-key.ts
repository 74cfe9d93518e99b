import type { KMSClient } from '@aws-sdk/client-kms'
import { GateError } from '../core/errors.ts'
import type { MasterKey } from '../record/seal/ports.ts'

/** A key in AWS KMS, and how it is reached. */
export interface KmsKeyPlace {
  readonly arn: string
  readonly region: string
  /** Another address, for VPC endpoints and stand-ins. */
  readonly endpoint?: string
  /** A profile in the AWS configuration files; absent: the default provider chain. */
  readonly profile?: string
}

type Sdk = typeof import('@aws-sdk/client-kms')

const CONNECT_MS = 3_000
const ANSWER_MS = 5_000
/** Tries of one call, with the SDK's own pauses. */
const TRIES = 3
/** The name under which KMS logs what a key is for: an encryption context is not secret. */
const CONTEXT = 'sallyport'

/**
 * A master key in AWS KMS: symmetric, for `Encrypt` and `Decrypt`
 * (https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html). What it is asked to unwrap was wrapped by
 * this key and no other, for the context that is given. The SDK is loaded at the first call.
 */
export function openKmsMasterKey(place: KmsKeyPlace): MasterKey {
  let client: Promise<{ readonly kms: KMSClient; readonly sdk: Sdk }> | undefined
  const call = async <T>(
    operation: string,
    run: (kms: KMSClient, sdk: Sdk) => Promise<T | undefined>,
  ): Promise<T> => {
    try {
      client ??= kmsClient(place)
      const { kms, sdk } = await client
      const result = await run(kms, sdk)
      if (result !== undefined) return result
    } catch (error) {
      throw unavailable(place.arn, `\`${operation}\` failed with ${failureOf(error)}`, error)
    }
    throw unavailable(place.arn, `\`${operation}\` gave nothing`)
  }
  return {
    id: place.arn,
    wrap: (key, context) =>
      call('Encrypt', async (kms, { EncryptCommand }) => {
        const input = { KeyId: place.arn, Plaintext: key, EncryptionContext: { [CONTEXT]: context } }
        return bytesOf((await kms.send(new EncryptCommand(input))).CiphertextBlob)
      }),
    unwrap: (wrapped, context) =>
      call('Decrypt', async (kms, { DecryptCommand }) => {
        // Naming the key keeps KMS from using any other that a ciphertext may say.
        const input = { KeyId: place.arn, CiphertextBlob: wrapped, EncryptionContext: { [CONTEXT]: context } }
        return bytesOf((await kms.send(new DecryptCommand(input))).Plaintext)
      }),
  }
}

/** The client of KMS, loaded when it is first needed. */
export async function kmsClient({
  region,
  endpoint,
  profile,
}: KmsKeyPlace): Promise<{ kms: KMSClient; sdk: Sdk }> {
  const [sdk, { defaultProvider }] = await Promise.all([
    import('@aws-sdk/client-kms'),
    import('@aws-sdk/credential-provider-node'),
  ])
  const kms = new sdk.KMSClient({
    region,
    credentials: defaultProvider(profile === undefined ? {} : { profile }),
    // `AWS_ENDPOINT_URL` leads clients to gates: the gate's own client goes where the configuration says.
    ignoreConfiguredEndpointUrls: true,
    maxAttempts: TRIES,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS, throwOnRequestTimeout: true },
    ...(endpoint === undefined ? {} : { endpoint }),
  })
  return { kms, sdk }
}

function bytesOf(bytes: Uint8Array | undefined): Buffer | undefined {
  return bytes === undefined || bytes.length === 0 ? undefined : Buffer.from(bytes)
}

/** The name of what KMS, or the network, says; never its message, which may quote what was sent. */
export function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return 'an unknown error'
  return `\`${'code' in error && typeof error.code === 'string' ? error.code : error.name}\``
}

function unavailable(arn: string, why: string, cause?: unknown): GateError {
  return new GateError('master-key-unavailable', `the master key \`${arn}\` cannot be used: ${why}`, {
    cause,
  })
}
