import { setImmediate as turn } from 'node:timers/promises'
import type { SqlRooms } from '../../src/gateway/sql/ports.ts'
import type { Approvals } from '../../src/grants/approvals.ts'
import { type ManualTimers, testRoom } from '../../src/grants/desk.fixture.ts'
import type { AccessRequest, RequestState } from '../../src/grants/model.ts'
import { person } from '../../src/grants/requests.fixture.ts'
import { masksValues } from '../../src/policy/column-masks.ts'
import { compile } from '../../src/policy/compile.ts'
import { decide, type PolicyLayer } from '../../src/policy/decide.ts'
import { parsePolicy } from '../../src/policy/parse.ts'
import { rowThresholds } from '../../src/policy/row-thresholds.ts'

/** Real policies and a real desk for a gate of a test, over a store in memory; its timers fire when the test says so. */
export interface SqlDesk {
  readonly rooms: Pick<SqlRooms, 'decide' | 'rowThresholds' | 'masksValues' | 'approvals'>
  readonly desk: Approvals
  readonly timers: ManualTimers
  /** The statements of the role, from now on. */
  setPolicy(...statements: object[]): void
  /** The newest request in a state; waits until there is one. */
  request(state?: RequestState): Promise<AccessRequest>
  approve(request: AccessRequest): Promise<unknown>
  deny(request: AccessRequest): Promise<unknown>
  /** How many requests there ever were. */
  count(): Promise<number>
}

export const HOLD_MS = 30_000

/** Everything is allowed; what is not known too. */
export const ALLOW_ALL: object = { Sid: 'All', Effect: 'Allow', Action: ['*', 'sql:Unknown'], Resource: '*' }

/** An approval of the group `on-call` for some actions. */
export function asks(action: string | readonly string[], more: object = {}): object {
  const approval = { From: ['group/on-call'], Hold: `${HOLD_MS / 1000}s` }
  return {
    Sid: 'Asks',
    Effect: 'RequireApproval',
    Action: action,
    Resource: '*',
    Approval: approval,
    ...more,
  }
}

export function sqlDesk(...statements: object[]): SqlDesk {
  const room = testRoom([])
  const desk = room.desk(room.store, { askBurst: 1000 })
  const ann = person('ann', ['on-call'])
  let layers: readonly PolicyLayer[] = layersOf(statements)
  const requests = (state?: RequestState): Promise<readonly AccessRequest[]> =>
    desk.list({ limit: 500, ...(state === undefined ? {} : { states: [state] }) })
  return {
    rooms: {
      decide: request => decide(request, layers),
      rowThresholds: request => rowThresholds(request, layers),
      masksValues: () => masksValues(layers),
      approvals: { desk, digestKey: Buffer.alloc(32, 5), requestUrl: id => `https://gate.example/r/${id}` },
    },
    desk,
    timers: room.timers,
    setPolicy(...next) {
      layers = layersOf(next)
    },
    async request(state = 'pending') {
      for (;;) {
        const [newest] = await requests(state)
        if (newest !== undefined) return newest
        await turn()
      }
    },
    approve: ({ id }) => desk.approve(id, ann, {}),
    deny: ({ id }) => desk.deny(id, ann, 'not today'),
    count: async () => (await requests()).length,
  }
}

function layersOf(statements: readonly object[]): readonly PolicyLayer[] {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements })
  return [{ kind: 'role', name: 'the role', policies: compile([parsePolicy({ name: 'role.json', text })]) }]
}
