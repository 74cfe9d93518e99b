import type { DecisionEvent, JournalEvent, OutcomeEvent, RecordedSql } from '../event.ts'
import { allowed, onDisk, STARTED_MS } from '../journal.fixture.ts'
import { MemoryFiles } from '../memory-files.ts'
import type { Findable } from './values.ts'

const PRINCIPAL = {
  arn: 'arn:aws:sts::111122223333:assumed-role/ci/agent/run',
  roleArn: 'arn:aws:iam::111122223333:role/ci/agent',
  issuer: 'local',
  subject: 'agent-7',
  actingFor: ['ada'],
}

/** What one step of a random day is made of. */
export interface Step {
  readonly kind: 'allow' | 'deny' | 'session' | 'access-request' | 'end' | 'crash'
  readonly lane: number
  readonly service: 's3' | 'ec2' | 'sql'
  readonly text: string
  readonly subject: string
  readonly error: string | undefined
  readonly masked: boolean
  readonly gapMs: number
}

/** What each member of a step may be, for the generator of a test; the gap is in ms. */
export const STEP_CHOICES: { readonly [name in keyof Step]: readonly Step[name][] } = {
  kind: ['allow', 'allow', 'allow', 'deny', 'session', 'access-request', 'end', 'end', 'crash'],
  lane: [0, 1],
  service: ['s3', 'ec2', 'sql'],
  text: ['plain', 'with "quotes"', 'é🙂', '{"effect":"deny"}', 'a\\b'],
  subject: ['agent-7', 'agent-8'],
  error: [undefined, 'SlowDown', 'AccessDenied'],
  masked: [false, true],
  gapMs: [1, 17, 4_000, 20_000, 50_000],
}

/** The days of each lane, and the entries that are in them. */
export interface Days {
  readonly lanes: readonly (readonly JournalEvent[])[]
  readonly entries: readonly Findable[]
}

export function days(steps: readonly Step[]): Days {
  const lanes: JournalEvent[][] = [[], []]
  const entries: Findable[] = []
  const open: Map<number, string[]> = new Map([
    [0, []],
    [1, []],
  ])
  let timeMs = STARTED_MS
  for (const [at, step] of steps.entries()) {
    timeMs += step.gapMs
    const lane = lanes[step.lane] ?? []
    const ids = open.get(step.lane) ?? []
    const id = `e${at}`
    if (step.kind === 'end') {
      const decisionId = ids.shift()
      if (decisionId !== undefined) end(outcome(step, id, decisionId, timeMs))
    } else if (step.kind === 'crash') {
      const recovery = { type: 'recovery' as const, id, timeMs, inFlight: ids.splice(0), tornBytes: 0 }
      lane.push(recovery)
      for (const lost of recovery.inFlight) settle(lost, { kind: 'lost', recovery })
    } else {
      const event = eventOf(step, id, timeMs)
      lane.push(event)
      if (event.type === 'session') entries.push({ kind: 'session', session: event })
      else if (event.type === 'access-request') entries.push({ kind: 'access-request', event })
      else if (event.type === 'decision') {
        const denied = event.effect === 'deny'
        entries.push({ kind: 'call', decision: event, ending: { kind: denied ? 'denied' : 'open' } })
        if (!denied) ids.push(id)
      }
    }
    function end(event: OutcomeEvent): void {
      lane.push(event)
      settle(event.decisionId, { kind: 'outcome', outcome: event })
    }
  }
  return { lanes, entries }

  function settle(id: string, ending: Extract<Findable, { kind: 'call' }>['ending']): void {
    const index = entries.findIndex(entry => entry.kind === 'call' && entry.decision.id === id)
    const entry = entries[index]
    if (entry?.kind === 'call') entries[index] = { ...entry, ending }
  }
}

function eventOf(step: Step, id: string, timeMs: number): JournalEvent {
  const principal = { ...PRINCIPAL, subject: step.subject }
  if (step.kind === 'session') {
    const by = 'AssumeRole'
    return {
      type: 'session',
      id,
      timeMs,
      sessionId: 'S',
      principal,
      by,
      expiresAtMs: 0,
      clientAddress: '::1',
      claims: { text: step.text },
    }
  }
  if (step.kind === 'access-request') {
    return {
      type: 'access-request',
      id,
      timeMs,
      sessionId: 'S',
      requestId: 'R1',
      what: 'asked',
      state: 'open',
      request: { requester: { subject: step.subject, roleArn: PRINCIPAL.roleArn } },
    }
  }
  const { service } = step
  const call: DecisionEvent['call'] = {
    service,
    operation: 'Do',
    region: 'eu-west-1',
    parameters: { Name: step.text, Size: 17 },
    redacted: [],
    truncated: false,
    pairs: [
      { action: `${service}:Do`, resource: `arn:aws:${service}:::${step.subject}`, certainty: 'exact' },
    ],
    ...(service === 'sql' ? { sql: statement(step) } : {}),
  }
  const decision: DecisionEvent = { ...allowed(id, timeMs), sessionId: 'S', principal, call }
  if (step.kind === 'allow')
    return { ...decision, statements: [{ policy: 'p.json', statement: 'Work', effect: 'Allow' }] }
  return {
    ...decision,
    effect: 'deny',
    denial: { kind: 'implicit', reason: 'no', ...(step.error && { code: step.error }) },
  }
}

function statement({ text, subject, masked }: Step): RecordedSql {
  const said = { engine: 'postgres', target: 'orders', database: subject, message: 'Query' } as const
  const normalized = 'select ? from customers'
  return {
    ...said,
    ...(masked ? {} : { text: `select '${text}' -- Gänse` }),
    normalized,
    fingerprint: '0123abcd',
  }
}

function outcome(step: Step, id: string, decisionId: string, timeMs: number): OutcomeEvent {
  return {
    type: 'outcome',
    id,
    timeMs,
    sessionId: 'S',
    decisionId,
    status: step.error === undefined ? 200 : 503,
    ...(step.error && { error: step.error }),
    bytesIn: 0,
    bytesOut: 0,
    durationMs: 1,
    ...(step.masked && { masked: { count: 2, places: ['SecretString'] } }),
  }
}

/** The journal of these lanes. */
export async function written(
  lanes: readonly (readonly JournalEvent[])[],
  segmentBytes: number,
): Promise<MemoryFiles> {
  const files = new MemoryFiles()
  for (const [lane, events] of lanes.entries()) {
    const journal = await onDisk({ lane, segmentBytes }, undefined, files).open()
    for (const event of events) await journal.append(event)
    await journal.close()
  }
  return files
}

/** Queries of every kind. */
export const QUERIES: readonly string[] = [
  '',
  'service:s3',
  '-service:s3',
  'error:SlowDown',
  '-error:SlowDown',
  'error:* service:ec2',
  'effect:deny',
  'effect:allow masked:yes',
  'masked:no type:call',
  'masked:Secret*',
  'principal:agent-7 -effect:deny',
  'role:agent status:5??',
  'with "quotes',
  '"{\\"effect\\":\\"deny\\"}"',
  'é 🙂',
  '17',
  '"a\\\\b"',
  'approval:R1',
  'resource:arn:aws:*agent-8',
  'resource:*:agent-8',
  'statement:Work -error:*',
  'target:orders database:agent-?',
  '-target:*',
  'fingerprint:0123*',
  'Gänse',
  'customers -database:agent-7',
  'since:2026-01-02T03:05:00Z',
  'until:2026-01-02T03:05:00Z -type:session',
  'nothing-like-it',
].map(text => (text.split('"').length % 2 === 0 ? `${text}"` : text))
