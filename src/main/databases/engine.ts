import type { Socket } from 'node:net'
import type { OpenSessions } from '../../gateway/sql/open-sessions.ts'
import type { SqlRooms } from '../../gateway/sql/ports.ts'
import type { DatabaseIdentities } from '../../identity/databases/databases.ts'
import type { DatabaseLogins } from '../../upstream/databases/logins.ts'
import type { LanePost } from './lane-post.ts'

/** What an engine is opened with. */
export interface EngineParts {
  readonly rooms: Omit<SqlRooms, 'identify'>
  readonly identities: DatabaseIdentities
  readonly logins: DatabaseLogins
  readonly post: LanePost
}

/** One engine's side of the gate; whoever has sockets gives them to it. */
export interface OpenEngine {
  readonly gate: { serve(socket: Socket): Promise<void>; readonly sessions: OpenSessions }
  close(): Promise<void>
}
