import type { Principal } from '../../core/principal.ts'
import { capabilities } from '../../wire/mysql/capabilities.ts'
import { OwnConnection } from './own-connection.ts'
import type { MysqlRooms, MysqlTarget } from './ports.ts'
import { SharedCatalog } from './shared-catalog.ts'
import { Understanding } from './understanding.ts'

/** What the sessions of one target share. */
export interface TargetKnowledge {
  readonly catalog: SharedCatalog
  readonly understanding: Understanding
}

const WISHES = {
  capabilities: capabilities('longPassword', 'longFlag', 'protocol41', 'transactions', 'secureConnection'),
  /** utf8mb4_general_ci, which all servers know. */
  collation: 45,
  attributes: [['program_name', 'sallyport: catalog']],
} as const
/** How long the gate's own connection may take, ms. */
const CONNECT_MS = 30_000

const known = new WeakMap<MysqlTarget, TargetKnowledge>()

/** What is known of a target; the same for all who ask with the same object. */
export function targetKnowledge(target: MysqlTarget, { parser, clock }: MysqlRooms): TargetKnowledge {
  const found = known.get(target)
  if (found !== undefined) return found
  const made = {
    catalog: new SharedCatalog({ parser, clock }),
    understanding: new Understanding(parser, target.place),
  }
  known.set(target, made)
  return made
}

/** Opens the gate's own connection, as the server knows a principal. Rejects with `database-…`. */
export async function ownConnection(target: MysqlTarget, principal: Principal): Promise<OwnConnection> {
  return new OwnConnection(await target.connect(principal, WISHES, AbortSignal.timeout(CONNECT_MS)))
}
