import type { KeptRevocation, RevocationTarget } from '../core/revocation.ts'
import type { AccessRequest, Person, RequestEvent, RequestState } from '../grants/model.ts'
import type { Delivery } from '../grants/port.ts'
import { damaged } from './errors.ts'
import { asEvent, asPerson, asRequest, asRevocation, asState } from './forms.ts'
import type { AccessRequestRow, DeliveryRow, PersonRow, RequestEventRow, RevocationRow } from './schema.ts'

/**
 * Values to rows and back. What is written is checked as what is read is: a row that nobody could read back
 * would stand in the way of every list. Errors: `store-damaged`.
 */
export function requestRow(request: AccessRequest): AccessRequestRow {
  checked('access_requests', request.id, () => asRequest(request))
  return { ...columnsOf(request), body: JSON.stringify(request) }
}

export function readRequest(row: AccessRequestRow): AccessRequest {
  const { body, ...columns } = row
  const request = checked('access_requests', row.id, () => asRequest(JSON.parse(body)))
  for (const [name, value] of Object.entries(columnsOf(request))) {
    if (columns[name as keyof typeof columns] !== value) {
      throw damaged(`access_requests ${row.id}`, `its column \`${name}\` is not what its body says`)
    }
  }
  return request
}

/** The state alone, for whoever waits; a decision reads the whole request. */
export function readState({ id, state }: Pick<AccessRequestRow, 'id' | 'state'>): RequestState {
  return checked('access_requests', id, () => asState(state))
}

function columnsOf(request: AccessRequest): Omit<AccessRequestRow, 'body'> {
  return {
    id: request.id,
    digest: request.digest,
    principal_key: request.requester.principalKey,
    role_arn: request.requester.roleArn,
    kind: request.kind,
    state: request.state,
    asked_at: request.askedAtMs,
    stands_until: request.standsUntilMs,
    version: request.version,
  }
}

export function eventRow(event: RequestEvent): RequestEventRow {
  checked('request_events', event.id, () => asEvent(event))
  return { id: event.id, time_ms: event.timeMs, body: JSON.stringify(event) }
}

export function readEvent(row: RequestEventRow): RequestEvent {
  const event = checked('request_events', row.id, () => asEvent(JSON.parse(row.body)))
  if (event.id !== row.id || event.timeMs !== row.time_ms) {
    throw damaged(`request_events ${row.id}`, 'its columns are not what its body says')
  }
  return event
}

export function deliveryRow(delivery: Delivery): DeliveryRow {
  checked('deliveries', delivery.id, () => asEvent(delivery.event))
  return {
    id: delivery.id,
    channel: delivery.channel,
    attempts: delivery.attempts,
    due_ms: delivery.dueMs,
    why: null,
    body: JSON.stringify(delivery.event),
  }
}

/** `dueMs` is when it was due, not until when it is leased now. */
export function readDelivery(row: DeliveryRow): Delivery {
  if (row.due_ms === null) throw damaged(`deliveries ${row.id}`, 'it was given up and cannot be due')
  const event = checked('deliveries', row.id, () => asEvent(JSON.parse(row.body)))
  return { id: row.id, channel: row.channel, event, attempts: row.attempts, dueMs: row.due_ms }
}

export function personRow(person: Person, verifiedAtMs: number): PersonRow {
  checked('people', person.id, () => asPerson(person))
  return { id: person.id, verified_at: verifiedAtMs, body: JSON.stringify(person) }
}

export function readPerson(row: PersonRow): Person {
  const person = checked('people', row.id, () => asPerson(JSON.parse(row.body)))
  if (person.id !== row.id) throw damaged(`people ${row.id}`, 'its column `id` is not what its body says')
  return person
}

/** What an order is about, as one text: no two targets have the same. */
export function targetOf({ kind, of }: RevocationTarget): string {
  return `${kind} ${of}`
}

export function revocationRow({ number, revocation }: KeptRevocation): RevocationRow {
  checked('revocations', String(number), () => asRevocation(revocation))
  const { by, keepUntilMs } = revocation
  return {
    number,
    target: targetOf(revocation),
    ordered_by: by,
    keep_until: keepUntilMs,
    body: JSON.stringify(revocation),
  }
}

export function readRevocation(row: RevocationRow): KeptRevocation {
  const { number, target } = row
  const revocation = checked('revocations', String(number), () => asRevocation(JSON.parse(row.body)))
  if (targetOf(revocation) !== target) {
    throw damaged(`revocations ${number}`, 'its column `target` is not what its body says')
  }
  return { number, revocation }
}

function checked<T>(table: string, key: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    // A parser's message quotes the text that it could not read.
    const why = error instanceof SyntaxError || !(error instanceof Error) ? 'it is no JSON' : error.message
    throw damaged(`${table} ${key}`, why)
  }
}
