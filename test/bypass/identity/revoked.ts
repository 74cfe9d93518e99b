import type { ParentSession, Principal } from '../../../src/core/principal.ts'
import type { RevocationKind } from '../../../src/core/revocation.ts'
import { issueExpressSession } from '../../../src/identity/express.ts'
import { Revocations, revokedError } from '../../../src/identity/revocations.ts'
import { type Attack, AUDIT, DEPLOY, NO_CONTEXT, session, type World } from './world.ts'

/** Ends what the order names, as of now, and then asks for whom the attacker's credentials open. */
async function after(
  world: World,
  kind: RevocationKind,
  of: string,
  credentials: () => Promise<Principal> | Principal,
): Promise<void> {
  const atMs = world.clock.now()
  const revocations = new Revocations()
  const order = { id: 'R', kind, of, issuedUntilMs: atMs, keepUntilMs: atMs + 1, by: 'ann', reason: '', atMs }
  revocations.learn([order], atMs)
  const principal = await credentials()
  const found = revocations.of(principal)
  if (found !== undefined) throw revokedError(principal, found)
}

const code = 'session-revoked'

/** From a session to the next one; both through sealed credentials, as calls have them. */
function chained(world: World, from: Principal, roleArn: string): Principal {
  const parameters = { RoleArn: roleArn, RoleSessionName: 'next' }
  const { credentials } = world.sts.assumeRole(from, { parameters, context: NO_CONTEXT })
  return world.credentials.open(credentials.accessKeyId, credentials.sessionToken.reveal()).principal
}

function expressOf(world: World, principal: Principal): Principal {
  const issued = issueExpressSession(world.credentials, world.clock, principal, 'logs--use1-az4--x-s3')
  return world.credentials.open(issued.accessKeyId, issued.sessionToken.reveal(), 's3express').principal
}

/** The principal in a role that it chained into through others, each in a session of its own. */
function through(principal: Principal, sessions: number): Principal {
  const parents: ParentSession[] = Array.from({ length: sessions }, (_, at) => ({
    sessionId: `${at}`.padStart(26, 'M'),
    roleArn: AUDIT,
    issuedAtMs: principal.issuedAtMs + at,
  }))
  const { sessionId, roleArn, issuedAtMs } = principal
  return {
    ...principal,
    sessionId: 'N'.repeat(26),
    roleArn: AUDIT,
    issuedAtMs: issuedAtMs + 1_000,
    chainedFrom: [...parents, { sessionId, roleArn, issuedAtMs }],
  }
}

/** Going on after a person has ended the session. */
export const attacks: readonly Attack[] = [
  {
    name: 'credentials of the very millisecond of the order',
    code,
    run: async w => after(w, 'role', DEPLOY, async () => (await session(w)).principal),
  },
  {
    name: 'chained into another role before the order',
    code,
    run: async w => {
      const { principal } = await session(w)
      const next = chained(w, principal, AUDIT)
      await after(w, 'session', principal.sessionId, () => next)
    },
  },
  {
    name: 'chained by a process that has not heard of the order yet',
    code,
    run: async w => {
      const { principal } = await session(w)
      await after(w, 'session', principal.sessionId, () => {
        w.clock.advance(900)
        return chained(w, principal, AUDIT)
      })
    },
  },
  {
    name: 'chained out of the role that is ended, after the order',
    code,
    run: async w => {
      const { principal } = await session(w)
      await after(w, 'role', DEPLOY, () => {
        w.clock.advance(900)
        return chained(w, principal, AUDIT)
      })
    },
  },
  {
    name: 'chained eight times, with the ended one at the far end',
    code,
    run: async w => {
      const { principal } = await session(w)
      await after(w, 'session', principal.sessionId, () => through(principal, 7))
    },
  },
  {
    name: 'a chained session of the principal, that was issued after the order out of one from before',
    code,
    run: async w => {
      const { principal } = await session(w)
      await after(w, 'principal', 'idp/job-7', () => {
        w.clock.advance(900)
        return chained(w, principal, AUDIT)
      })
    },
  },
  {
    name: 'an S3 Express session of it',
    code,
    run: async w => {
      const { principal } = await session(w)
      await after(w, 'session', principal.sessionId, () => expressOf(w, principal))
    },
  },
  {
    name: 'an S3 Express session of a session that was chained from it, made after the order',
    code,
    run: async w => {
      const { principal } = await session(w)
      const next = chained(w, principal, AUDIT)
      await after(w, 'session', principal.sessionId, () => {
        w.clock.advance(900)
        return expressOf(w, next)
      })
    },
  },
]
