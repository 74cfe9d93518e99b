/** A partition of AWS: regions that share accounts, ARNs and the suffix of their host names. */
export interface Partition {
  /** `aws`, `aws-cn`, `aws-us-gov` … */
  readonly id: string
  /** `amazonaws.com` */
  readonly suffix: string
  /** Suffix of the dual-stack endpoints: `api.aws`. */
  readonly dualSuffix: string
  /** The form of region names, for regions that are newer than the catalog. */
  readonly form: RegExp
  /** The region that global services sign for: `us-east-1`. */
  readonly globalRegion: string
  readonly regions: ReadonlySet<string>
}

/** No region's name is longer; longer ones are not even looked at. */
const REGION_CHARACTERS_MAX = 32

/** The partition that a region belongs to: listed there, or of the form of its regions. */
export function partitionOf(region: string, partitions: readonly Partition[]): Partition | undefined {
  if (region.length > REGION_CHARACTERS_MAX) return undefined
  return (
    partitions.find(({ regions }) => regions.has(region)) ?? partitions.find(({ form }) => form.test(region))
  )
}
