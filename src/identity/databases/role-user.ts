import { GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import { parseRoleArn } from '../session-claims.ts'

/** Whether the user of a client means the role: by its ARN, or by its name. */
export function meansRole(user: string, roleArn: string): boolean {
  return user === roleArn || user === parseRoleArn(roleArn)?.name
}

/** A client comes as the role that its proof is for. Throws `database-user-mismatch`. */
export function checkUser(user: string, { roleArn }: Pick<Principal, 'roleArn'>): void {
  if (meansRole(user, roleArn)) return
  throw new GateError(
    'database-user-mismatch',
    `the client comes as another user than \`${parseRoleArn(roleArn)?.name}\`, the role of its credentials`,
  )
}
