/**
 * Services that take names in any case and keep them in lower case (Amazon RDS User Guide: "stored as a
 * lowercase string"): a Deny on `db:prod` has to hold for a call that says `PROD`.
 */
const LOWER_NAMES: ReadonlySet<string> = new Set([
  'docdb',
  'elasticache',
  'memorydb',
  'neptune',
  'rds',
  'redshift',
])

/** The id of a resource of EC2: hexadecimal digits behind its kind. */
const EC2_ID = /\/[A-Za-z]{1,32}-(?:[A-Za-z]{1,16}-)?[0-9A-Fa-f]{8,17}$/

/** The ARN as the service itself would write it. */
export function foldCase(service: string, arn: string): string {
  if (LOWER_NAMES.has(service)) return arn.toLowerCase()
  if (service !== 'ec2') return arn
  const id = EC2_ID.exec(arn)
  return id === null ? arn : `${arn.slice(0, id.index)}${id[0].toLowerCase()}`
}
