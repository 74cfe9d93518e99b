import { GateError } from '../../core/errors.ts'
import { type JournalFile, type JournalFiles, readFully, writeFully } from '../files.ts'
import { laneNumbers } from '../segment.ts'
import { keyFileNumbers, keyLayout, tenantFile } from './key-layout.ts'
import { decodeRecord, encodeShredded, type KeyOwner, RECORD_BYTES, TENANT_FILE_BYTES } from './key-record.ts'
import { leaveNotice } from './notices.ts'

/** What is shredded, by whom and why, as they say. */
export interface ShredOrder {
  readonly what: 'session' | 'tenant'
  /** The session's id or the tenant's name. */
  readonly of: string
  readonly by: string
  readonly reason: string
  /** Of the `shred` event. */
  readonly id: string
  readonly timeMs: number
}

export interface ShredPorts {
  readonly files: JournalFiles
  /** `data/journal` */
  readonly folder: string
  /** Whether a session is on legal hold. Rejects where nobody knows. */
  isHeld(sessionId: string): Promise<boolean>
}

/** What was done. */
export interface ShredReport {
  /** Content keys and tenants' keys that are gone now, and those that were gone before. */
  readonly shredded: number
  readonly before: number
  /** Sessions whose content is gone. */
  readonly sessions: readonly string[]
}

/** Records that are read at once. */
const BLOCK_RECORDS = 512
/** Where a gate makes keys while it is shredded, it is looked so often. */
const MAX_PASSES = 5

/**
 * Makes what was recorded of a session or of a tenant unreadable for good: overwrites its keys where they stand, in
 * all lanes, beside gates that write. May be given again after a crash, and does then what is left. Rejects with
 * `session-held` where a hold forbids it, and with `session-unknown` where there is no key.
 */
export async function shred(ports: ShredPorts, order: ShredOrder): Promise<ShredReport> {
  const sessions = await sessionsOf(ports, order)
  for (const session of sessions) {
    if (await ports.isHeld(session)) {
      throw new GateError('session-held', `session \`${session}\` is on legal hold: nothing was shredded`)
    }
  }
  let left = await overwrite(ports, order, sessions, 'count')
  if (left.found === 0)
    throw new GateError('session-unknown', `there is no key of ${order.what} \`${order.of}\``)
  const { what, of, by, reason, id, timeMs } = order
  // First the word, then the deed: what is gone is never gone without a word.
  await leaveNotice(ports.files, ports.folder, { type: 'shred', id, timeMs, what, of, by, reason })
  const before = left.found - left.readable
  let shredded = 0
  for (let pass = 0; pass < MAX_PASSES && left.readable > 0; pass++) {
    shredded += (await overwrite(ports, order, sessions, 'overwrite')).readable
    left = await overwrite(ports, order, sessions, 'count')
  }
  if (left.readable > 0) {
    throw new GateError(
      'journal-unavailable',
      `${left.readable} keys were made while others were shredded: shred again`,
    )
  }
  return { shredded, before, sessions: [...sessions] }
}

/** The sessions that an order is about. */
async function sessionsOf(ports: ShredPorts, { what, of }: ShredOrder): Promise<ReadonlySet<string>> {
  if (what === 'session') return new Set([of])
  const sessions = new Set<string>()
  for await (const { line } of records(ports, 'read')) {
    const owner = ownerOf(line)
    if (owner?.tenant === of && owner.session !== undefined) sessions.add(owner.session)
  }
  return sessions
}

interface Tally {
  found: number
  /** Those that were readable when they were met. */
  readable: number
}

/** Goes over all keys of the order; a session's may be of several tenants, where its role was not known at first. */
async function overwrite(
  ports: ShredPorts,
  order: ShredOrder,
  sessions: ReadonlySet<string>,
  act: 'count' | 'overwrite',
): Promise<Tally> {
  const tally = { found: 0, readable: 0 }
  const isMeant = ({ session, tenant }: KeyOwner): boolean =>
    session === undefined ? order.what === 'tenant' && tenant === order.of : sessions.has(session)
  const mode = act === 'count' ? 'read' : 'write'
  const both = [
    records(ports, mode),
    ...(order.what === 'tenant' ? [tenantFiles(ports, mode, order.of)] : []),
  ]
  for (const found of both) {
    for await (const { line, replace } of found) {
      const owner = ownerOf(line)
      if (
        owner === undefined ||
        !(isMeant(owner) || (line.length === TENANT_FILE_BYTES && owner.tenant === order.of))
      )
        continue
      tally.found++
      if (isShredded(line, owner)) continue
      tally.readable++
      const { timeMs, by, reason } = order
      if (act === 'overwrite')
        await replace(encodeShredded({ ...owner, shredded: timeMs, by, reason }, line.length))
    }
  }
  return tally
}

/** A key's line, and what takes its place, durably. */
interface Line {
  readonly line: Buffer
  replace(line: Buffer): Promise<void>
}

/** All records of content keys, lane by lane; one that is not whole is none. */
async function* records({ files, folder }: ShredPorts, mode: 'read' | 'write'): AsyncGenerator<Line, void> {
  for (const lane of laneNumbers(await files.list(keyLayout.lanes(folder)))) {
    for (const number of keyFileNumbers(await files.list(keyLayout.lane(folder, lane)))) {
      const file = await files.open(keyLayout.file(folder, lane, number), mode)
      if (file !== undefined) yield* linesOf(file, RECORD_BYTES, RECORD_BYTES)
    }
  }
}

async function* tenantFiles(
  { files, folder }: ShredPorts,
  mode: 'read' | 'write',
  tenant: string,
): AsyncGenerator<Line, void> {
  for (const lane of laneNumbers(await files.list(keyLayout.lanes(folder)))) {
    for (const name of await files.list(keyLayout.tenants(folder, lane))) {
      const found = tenantFile(name)
      if (found?.tenant !== tenant) continue
      const file = await files.open(keyLayout.tenant(folder, lane, tenant, found.number), mode)
      if (file !== undefined) yield* linesOf(file, 0, TENANT_FILE_BYTES)
    }
  }
}

async function* linesOf(file: JournalFile, start: number, length: number): AsyncGenerator<Line, void> {
  let changed = false
  try {
    const block = Buffer.alloc(length * BLOCK_RECORDS)
    for (let offset = start; ; offset += block.length) {
      const count = await readFully(file, block, offset)
      for (let at = 0; at + length <= count; at += length) {
        yield {
          line: block.subarray(at, at + length),
          async replace(line) {
            changed = true
            await writeFully(file, line, offset + at)
          },
        }
      }
      if (count < block.length) break
    }
  } finally {
    try {
      if (changed) await file.sync()
    } finally {
      await file.close()
    }
  }
}

const OWNER = /^\{(?:"session":("(?:[^"\\]|\\.)*"),)?"tenant":("(?:[^"\\]|\\.)*"),/

/** Whose key a line is, also one that was overwritten in part when a machine lost its power. */
function ownerOf(line: Buffer): KeyOwner | undefined {
  const [, session, tenant] = OWNER.exec(line.toString('utf8')) ?? []
  if (tenant === undefined) return undefined
  const owner = { tenant: String(JSON.parse(tenant)) }
  return session === undefined ? owner : { ...owner, session: String(JSON.parse(session)) }
}

function isShredded(line: Buffer, owner: KeyOwner): boolean {
  const record = decodeRecord(line)
  return record !== undefined && 'shredded' in record && record.tenant === owner.tenant
}
