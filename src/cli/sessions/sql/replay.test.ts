import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../../../core/clock.ts'
import type { JournalEvent } from '../../../record/event.ts'
import { openJournal } from '../../../record/journal.ts'
import { MemoryFiles } from '../../../record/memory-files.ts'
import { sqlCall, sqlDecision, sqlOutcome } from '../../../record/sql.fixture.ts'
import { sessions } from '../../sessions.ts'
import { paint } from '../paint.ts'
import { noTerminal } from '../terminal.fixture.ts'
import { Timeline } from '../timeline.ts'

const STARTED_MS = Date.UTC(2026, 0, 2, 3, 4, 5)
const SESSION = '01JGJVS4G80000000000000001'

async function shown(
  events: readonly JournalEvent[],
  args: readonly string[],
  keys: string[] = [],
): Promise<string> {
  const files = new MemoryFiles()
  let seed = 0
  const random = { bytes: (length: number) => Buffer.alloc(length, seed++) }
  const ports = { files, clock: new ManualClock(STARTED_MS), random, after: () => () => {} }
  const journal = await openJournal({ folder: 'data/journal', lane: 0, segmentBytes: 1_000_000 }, ports)
  await Promise.all([...events.map(event => journal.append(event)), journal.close()])
  let [out, err] = ['', '']
  const code = await sessions([...args, '--data', 'data'], {
    files,
    dataFolder: async (path: string) => path,
    out: async (text: string) => {
      out += text
    },
    err: (text: string) => {
      err += text
    },
    colored: false,
    sleep: async () => undefined,
    terminal: noTerminal({ key: async () => keys.shift() }),
    facts: { resourceType: () => undefined, access: () => undefined } as never,
  } as never)
  assert.equal(`${code} ${err}`, '0 ')
  return out
}

const CUSTOMERS = {
  tables: [
    {
      columns: ['id', 'name', 'email'],
      rows: [
        ['1', 'Ana', '****'],
        ['12', '日本', null],
      ],
    },
  ],
}

const DAY: readonly JournalEvent[] = [
  sqlDecision(
    'c',
    STARTED_MS,
    sqlCall({ operation: 'CONNECT' }, { message: 'Connect', text: undefined } as never),
  ),
  { ...sqlOutcome('c', STARTED_MS + 1), rows: undefined } as never,
  sqlDecision('q', STARTED_MS + 1_000),
  sqlOutcome('q', STARTED_MS + 1_005, { result: CUSTOMERS, masked: { count: 1, places: [] } }),
  sqlDecision(
    'u',
    STARTED_MS + 2_000,
    sqlCall(
      { operation: 'UPDATE', parameters: { $1: "O'Hara", $2: null } },
      { message: 'Execute', text: 'update customers set name = $1 where id = $2' },
    ),
    { grant: { requestId: 'R1', by: ['ci/bea'], kind: 'call' } },
  ),
  sqlOutcome('u', STARTED_MS + 2_010, { rows: 7 }),
  sqlDecision('d', STARTED_MS + 3_000, sqlCall({ operation: 'DELETE' }, { text: 'delete from customers' }), {
    effect: 'deny',
    statements: [{ policy: 'agent.json', statement: 'Keep', effect: 'Deny' }],
    denial: { kind: 'explicit', reason: 'nothing is deleted here' },
  }),
  sqlDecision(
    's',
    STARTED_MS + 4_000,
    sqlCall({ parameters: { $1: '<redacted>' }, redacted: ['$1'] }, { text: undefined } as never),
  ),
  sqlOutcome('s', STARTED_MS + 4_005, { error: '57014' }),
]

test('a session of SQL is replayed as it was at the terminal', async () => {
  const out = await shown(DAY, ['replay', SESSION])
  assert.equal(
    out.slice(out.indexOf('\\connect')),
    `\\connect orders/shop
Time: 5 ms · 03:04:05.000

orders/shop=> select id, name, email
orders/shop-> from customers where country = 'CH';
 id | name | email
----+------+-------
  1 | Ana  | ****
 12 | 日本 | NULL
(2 rows)
Time: 5 ms · 1 masked · 03:04:06.000

orders/shop=> update customers set name = $1 where id = $2;
-- $1 = 'O''Hara'
-- $2 = NULL
NOTICE:  approved by ci/bea (R1)
UPDATE 7
Time: 5 ms · 03:04:07.000

orders/shop=> delete from customers;
ERROR:  nothing is deleted here
DETAIL:  Keep in agent.json
HINT:  event d
03:04:08.000

orders/shop=> select id, name, email from customers where country = ?;
-- its constants are not kept
-- $1 = <redacted>
ERROR:  57014
Time: 5 ms · 03:04:09.000

5 calls: 4 allowed, 1 denied, 1 of the allowed failed; 240 B up, 480 B down; 4.0 s
no end recorded

`,
  )
})

test('people who were asked are notices', async () => {
  const request = {
    type: 'access-request',
    id: 'r',
    timeMs: STARTED_MS,
    sessionId: SESSION,
    requestId: 'R1',
  } as const
  const out = await shown(
    [
      { ...request, what: 'asked', by: 'agent-7', state: 'pending' },
      { ...request, id: 'r2', what: 'approved', by: 'ci/bea', name: 'Bea\u001b[2J', state: 'approved' },
      ...DAY.slice(4, 6),
    ],
    ['replay', SESSION],
  )
  assert.match(out, /NOTICE: {2}03:04:05\.000 {2}asked {2}access request R1 for agent-7\n/)
  assert.match(
    out,
    /NOTICE: {2}03:04:05\.000 {2}yes {4}access request R1 approved by Bea\\x1b\[2J \(ci\/bea\)\n/,
  )
})

test('among many sessions a statement takes one line, with where it ran', () => {
  const timeline = new Timeline(paint(false), { many: true })
  const decision = sqlDecision('q', STARTED_MS)
  const lines = timeline.lines({
    kind: 'call',
    decision,
    ending: { kind: 'outcome', outcome: sqlOutcome('q', 1) },
  })
  assert.equal(lines[2], '03:04:05.000  allow  orders/shop=> select id, name, email …')
  assert.match(lines[3] ?? '', /2 rows in 5 ms .* agent-7 as role\/agent/)
})

test('step by step: the next statement comes at a key, and `q` ends it', async () => {
  const out = await shown(DAY, ['replay', SESSION, '--step'], [' ', 'q'])
  assert.match(out, /\(2 rows\)/)
  assert.doesNotMatch(out, /update/)
})

test('a timeline shows statements, and what became of them', async () => {
  const out = await shown(DAY, ['show', SESSION])
  assert.match(out, /allow {2}orders\/shop=> select id, name, email\n +orders\/shop-> from customers/)
  assert.match(out, /2 rows in 5 ms/)
  assert.match(out, /DENY {3}orders\/shop=> delete from customers;/)
  assert.match(out, /1 value masked/)
  const one = await shown(DAY, ['show', 'q'])
  assert.match(one, /fingerprint 5f0c0d9f7c2b1a3e/)
  assert.match(one, / 12 \| 日本 \| NULL/)
})

test('nothing that a client or a database said speaks to the terminal', async () => {
  const hostile = fc.constantFrom(
    '\u001b[2J',
    '\u009b31m',
    '\r\u001b]0;x\u0007',
    '\u202e',
    '\u200b\u0007',
    '\u0000',
  )
  await fc.assert(
    fc.asyncProperty(hostile, fc.constantFrom('show', 'replay'), async (bad, command) => {
      const call = sqlCall(
        { operation: `SELECT${bad}`, parameters: { $1: bad } },
        { text: `select '${bad}'`, normalized: bad, target: bad, database: bad },
      )
      const out = await shown(
        [
          sqlDecision('a', STARTED_MS, call),
          sqlOutcome('a', STARTED_MS, {
            error: bad,
            result: { tables: [{ columns: [bad], rows: [[bad]] }], cut: bad },
          }),
          sqlDecision('b', STARTED_MS, call, {
            effect: 'deny',
            statements: [{ policy: bad, statement: bad, effect: 'Deny' }],
            denial: { kind: 'explicit', reason: bad },
          }),
          sqlDecision('c', STARTED_MS, call),
          sqlOutcome('c', STARTED_MS),
        ],
        [command, SESSION],
      )
      assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u200b]/)
    }),
    { numRuns: 24 },
  )
})
