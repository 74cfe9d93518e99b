/**
 * Amazon Resource Names as IAM compares them: six parts, of which only the last may hold colons.
 * Source: IAM User Guide, "Amazon Resource Names (ARNs)".
 */
export interface Arn {
  readonly partition: string
  readonly service: string
  /** Empty for global resources. */
  readonly region: string
  /** Empty for S3 buckets and the like. */
  readonly account: string
  /** Everything after the fifth colon: `function:name:alias`, `role/path/name`. */
  readonly resource: string
}

/** The text's parts; undefined when it is not the form of an ARN. */
export function parseArn(text: string): Arn | undefined {
  if (!text.startsWith('arn:')) return undefined
  const ends: number[] = []
  let at = 3
  while (ends.length < 5 && at !== -1) {
    ends.push(at)
    at = text.indexOf(':', at + 1)
  }
  const [afterArn, afterPartition, afterService, afterRegion, afterAccount] = ends
  if (
    afterArn === undefined ||
    afterPartition === undefined ||
    afterService === undefined ||
    afterRegion === undefined ||
    afterAccount === undefined
  ) {
    return undefined
  }
  const arn = {
    partition: text.slice(afterArn + 1, afterPartition),
    service: text.slice(afterPartition + 1, afterService),
    region: text.slice(afterService + 1, afterRegion),
    account: text.slice(afterRegion + 1, afterAccount),
    resource: text.slice(afterAccount + 1),
  }
  return arn.partition === '' || arn.service === '' || arn.resource === '' ? undefined : arn
}

/** The ARN as text. */
export function formatArn(arn: Arn): string {
  return `arn:${arn.partition}:${arn.service}:${arn.region}:${arn.account}:${arn.resource}`
}

/** True for 12 digits. */
export function isAccountId(text: string): boolean {
  return /^[0-9]{12}$/.test(text)
}
