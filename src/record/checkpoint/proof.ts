/**
 * Proof that one event is in a journal, which needs nothing else to be checked but a public key: the event's payload,
 * its number, the hashes beside its way up the Merkle tree, and the signed checkpoint with that tree's root.
 */
import { GateError } from '../../core/errors.ts'
import type { JournalEvent } from '../event.ts'
import { MAX_PAYLOAD_BYTES, parsePayload } from '../frame.ts'
import { type JournalSource, readJournal } from '../read.ts'
import { hintedLanes, readHints } from '../retention/hints.ts'
import { laneName } from '../segment.ts'
import { decodeCheckpoint, encodeCheckpoint, type SignedCheckpoint } from './checkpoint.ts'
import { readCheckpoints } from './lane-file.ts'
import { HASH_BYTES, leafHash, MAX_PATH, merklePath, rootFromPath } from './merkle.ts'
import { otherEvents, readRange } from './range.ts'
import { isSignedBy, type PublicKeys } from './signer.ts'

export interface Proof {
  /** The event's number in its lane. */
  readonly number: number
  /** Its payload as the segment has it: JSON with the event as `e`. */
  readonly payload: string
  /** Audit path, from the bottom up, hex. */
  readonly path: readonly string[]
  readonly checkpoint: SignedCheckpoint
}

/** What a proof has shown. */
export interface Proven {
  readonly event: JournalEvent
  readonly number: number
  readonly checkpoint: SignedCheckpoint
}

const VERSION = 1
/** Longest proof, in bytes: as a string in JSON, a payload may take twice its length. */
export const MAX_PROOF_BYTES: number = 2 * MAX_PAYLOAD_BYTES + 64 * 1024
const MEMBERS = 'version number payload path checkpoint'

/**
 * Proves the event with this id. Throws `session-unknown` if the journal has none, `checkpoint-missing` if no
 * checkpoint covers it yet, `journal-corrupt` where the journal does not hold.
 */
export async function prove(source: JournalSource, id: string): Promise<Proof> {
  const { lane, number } = await findEvent(source, id)
  const checkpoint = await coveringCheckpoint(source, lane, number)
  if (checkpoint === undefined) {
    throw new GateError('checkpoint-missing', `no checkpoint covers the event \`${id}\``)
  }
  const leaves: Buffer[] = []
  let payload = ''
  await checkComplete(source, lane, checkpoint)
  for await (const event of readRange(source, lane, checkpoint.first, checkpoint.last)) {
    leaves.push(leafHash(event.payload))
    if (event.tail.number === number) payload = event.payload.toString()
  }
  const path = merklePath(leaves, number - checkpoint.first).map(hash => hash.toString('hex'))
  const proof = { number, payload, path, checkpoint }
  if (!leadsToRoot(proof)) throw otherEvents(checkpoint)
  return proof
}

/** Throws `events-removed` where retention has removed events that the checkpoint covers: its root cannot be made again. */
async function checkComplete(
  source: JournalSource,
  lane: number,
  checkpoint: SignedCheckpoint,
): Promise<void> {
  const { number, first, last } = checkpoint
  for (const { events, why } of await readHints(source, lane)) {
    if (why === 'withdrawn' || events[1] < first || events[0] > last) continue
    const which = `checkpoint ${number} of lane ${laneName(lane)} covers events ${first} to ${last}`
    throw new GateError('events-removed', `${which}, of which ${events[0]} to ${events[1]} were removed`)
  }
}

/** What was removed of the journal, for somebody who looks for an event that is not there. */
async function removedText(source: JournalSource): Promise<string> {
  const removed: string[] = []
  for (const lane of await hintedLanes(source)) {
    for (const { events, why } of await readHints(source, lane)) {
      if (why !== 'withdrawn') removed.push(`events ${events[0]} to ${events[1]} of lane ${laneName(lane)}`)
    }
  }
  return removed.length === 0 ? '' : `; removed were ${removed.slice(0, 10).join(', ')}`
}

async function findEvent(source: JournalSource, id: string): Promise<{ lane: number; number: number }> {
  const needle = Buffer.from(JSON.stringify(id))
  for await (const { event, place } of readJournal(source, payload => payload.includes(needle))) {
    if (event.id === id) return { lane: place.lane, number: place.event }
  }
  throw new GateError('session-unknown', `the journal has no event \`${id}\`${await removedText(source)}`)
}

async function coveringCheckpoint(
  { files, folder }: JournalSource,
  lane: number,
  number: number,
): Promise<SignedCheckpoint | undefined> {
  for await (const { line, reading, ended } of readCheckpoints(files, folder, lane)) {
    if (typeof reading !== 'string') {
      if (reading.last >= number) return reading.first <= number ? reading : undefined
    } else if (ended) {
      throw new GateError('journal-corrupt', `line ${line} of the checkpoints of lane ${lane}: ${reading}`)
    }
  }
  return undefined
}

/** One text for each proof. */
export function encodeProof({ number, payload, path, checkpoint }: Proof): string {
  const line: unknown = JSON.parse(encodeCheckpoint(checkpoint))
  return `${JSON.stringify({ version: VERSION, number, payload, path, checkpoint: line }, null, 2)}\n`
}

/**
 * Checks a proof with nothing but public keys. What it returns was in the journal when the checkpoint was signed, at
 * that place, byte for byte. Throws `proof-invalid` if that is not shown.
 */
export function checkProof(text: string, keys: PublicKeys): Proven {
  const proof = decodeProof(text)
  const { checkpoint, number } = proof
  const key = keys.get(checkpoint.key)
  if (key === undefined)
    throw invalid(`it is signed with the key \`${checkpoint.key}\`, not with one that is given`)
  if (!isSignedBy(checkpoint, key)) throw invalid('the signature of its checkpoint does not hold')
  if (!leadsToRoot(proof)) throw invalid('its event is not one that the checkpoint was signed over')
  const payload = parsePayload(proof.payload)
  if (payload.number !== number) throw invalid(`its event is event ${payload.number}, not event ${number}`)
  return { event: payload.event, number, checkpoint }
}

function leadsToRoot({ number, payload, path, checkpoint }: Proof): boolean {
  const { first, last, root } = checkpoint
  const place = { index: number - first, size: last - first + 1 }
  const hashes = path.map(hash => Buffer.from(hash, 'hex'))
  return rootFromPath(leafHash(Buffer.from(payload)), place, hashes)?.toString('hex') === root
}

function decodeProof(text: string): Proof {
  if (Buffer.byteLength(text) > MAX_PROOF_BYTES) throw invalid(`it takes more than ${MAX_PROOF_BYTES} bytes`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw invalid('it is not JSON', cause)
  }
  if (!isRecord(value) || Object.keys(value).join(' ') !== MEMBERS)
    throw invalid(`it has not just \`${MEMBERS}\``)
  const { version, number, payload, path } = value
  if (version !== VERSION) throw invalid(`its version is not ${VERSION}`)
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw invalid('`number` is none')
  if (typeof payload !== 'string') throw invalid('`payload` is not a string')
  if (!isPath(path)) throw invalid('`path` is not a list of hashes')
  const checkpoint = decodeCheckpoint(JSON.stringify(value['checkpoint']) ?? '')
  if (typeof checkpoint === 'string') throw invalid(`its checkpoint cannot be read: ${checkpoint}`)
  return { number, payload, path, checkpoint }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const HASH = new RegExp(`^[0-9a-f]{${HASH_BYTES * 2}}$`)

function isPath(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length > MAX_PATH) return false
  return value.every(hash => typeof hash === 'string' && HASH.test(hash))
}

function invalid(why: string, cause?: unknown): GateError {
  return new GateError('proof-invalid', `the proof does not hold: ${why}`, { cause })
}
