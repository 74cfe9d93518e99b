/** What stands in a role's ARN, or in that of a session: for the fields that other formats keep apart. */
export interface ArnParts {
  /** `aws`, `aws-cn`; empty where the text is no ARN. */
  readonly partition: string
  /** 12 digits; empty where there is none. */
  readonly account: string
  /** The name without its path: `agent` of `role/teams/agent`, and of `assumed-role/agent/session`. */
  readonly name: string
  /** Of an assumed role: the session's name; else empty. */
  readonly session: string
}

/** Reads `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME` and `arn:PARTITION:sts::ACCOUNT:assumed-role/NAME/SESSION`. */
export function arnParts(arn: string): ArnParts {
  const [, partition = '', , , account = '', ...rest] = arn.split(':')
  const path = rest.join(':').split('/')
  if (path[0] === 'assumed-role') {
    return { partition, account, name: path[1] ?? '', session: path.slice(2).join('/') }
  }
  return { partition, account, name: path.length > 1 ? (path.at(-1) ?? '') : '', session: '' }
}
