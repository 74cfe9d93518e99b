/** Who calls, as far as ARNs need to know: verified by `identity/`. */
export interface Caller {
  /** 12 digits. */
  readonly account: string
  /** `aws`, `aws-cn`, `aws-us-gov` … */
  readonly partition: string
}
