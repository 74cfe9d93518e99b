import type { RoutedOperation } from './facts.ts'

const MIB = 1024 * 1024

/**
 * Longest body that is buffered, in bytes. AWS's own limits for whole bodies lie below: 16 MB for a
 * DynamoDB batch, 25 MB for a Bedrock request.
 */
const DEFAULT_BODY_BYTES = 32 * MIB

/** Bodies of code and documents in base64: 50 MB for a Lambda archive (Lambda, "Quotas"). */
const LARGE_BODY_BYTES = 72 * MIB

const LARGE: ReadonlySet<string> = new Set([
  'lambda CreateFunction',
  'lambda UpdateFunctionCode',
  'lambda PublishLayerVersion',
])

/** How much of the body may be buffered for a request that may be any of these. */
export function bodyLimit(candidates: readonly RoutedOperation[]): number {
  const large = candidates.some(({ service, operation }) => LARGE.has(`${service.id} ${operation.name}`))
  return large ? LARGE_BODY_BYTES : DEFAULT_BODY_BYTES
}
