import { join } from 'node:path'
import type { AccessRequestEvent, JournalEvent } from '../../src/record/event.ts'
import { nodeFiles } from '../../src/record/node-files.ts'
import { readJournal } from '../../src/record/read.ts'
import type { GateRole, RunningGate } from './gate.ts'
import { type RawCredentials, type RawReply, rawBytes, sendRaw, signRaw } from './raw-client.ts'

/** Real credentials that a stand-in takes for real. */
export const STAND_IN_ENV = {
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'stand-in',
} as const

/** A role whose calls go to a stand-in that knows nothing of roles. */
export function standInRole(arn: string, ...policies: readonly object[]): GateRole {
  return { arn, policies, upstream: { assume: false, credentials: 'environment' } }
}

/** A statement by which people of `group/on-call` are asked. */
export function asksOnCall(sid: string, action: string, terms: object = {}, resource = '*'): object {
  return {
    Sid: sid,
    Effect: 'RequireApproval',
    Action: action,
    Resource: resource,
    Approval: { From: ['group/on-call'], ...terms },
  }
}

/** Makes calls to DynamoDB as bytes: one connection each, and no retries of its own. */
export class Caller {
  readonly #credentials: RawCredentials

  constructor(credentials: RawCredentials) {
    this.#credentials = credentials
  }

  /** Sends one to a gate; the bytes are signed for that gate. Rejects where the connection ends first. */
  call(gate: Pick<RunningGate, 'endpoint'>, operation: string, parameters: object): Promise<RawReply> {
    return sendRaw(gate.endpoint, this.bytes(gate, operation, parameters))
  }

  bytes({ endpoint }: Pick<RunningGate, 'endpoint'>, operation: string, parameters: object): Buffer {
    const request = {
      method: 'POST',
      target: '/',
      headers: [
        ['x-amz-target', `DynamoDB_20120810.${operation}`],
        ['content-type', 'application/x-amz-json-1.0'],
      ] as const,
      body: JSON.stringify(parameters),
    }
    const host = new URL(endpoint).host
    return rawBytes(signRaw(request, { credentials: this.#credentials, service: 'dynamodb', host }))
  }
}

/** The number of the access request that a denial speaks of. */
export function numberIn(text: string): string {
  const number = /[Aa]ccess request ([0-9A-Z]{26})/.exec(text)?.[1]
  if (number === undefined) throw new Error(`no access request in: ${text}`)
  return number
}

/** Every event of a gate's journal, in order of time; also while the gate runs. */
export async function journalOf({ folder }: Pick<RunningGate, 'folder'>): Promise<JournalEvent[]> {
  const source = { files: nodeFiles, folder: join(folder, 'data/journal') }
  const events: JournalEvent[] = []
  for await (const { event } of readJournal(source)) events.push(event)
  return events
}

/** What the journal says of access requests. */
export async function requestEventsOf(gate: Pick<RunningGate, 'folder'>): Promise<AccessRequestEvent[]> {
  return (await journalOf(gate)).filter(event => event.type === 'access-request')
}
