import { systemClock, systemRandom } from '../../src/core/clock.ts'
import type { Decision, MaskForm, Obligation, Pair } from '../../src/core/decision.ts'
import type { GateError } from '../../src/core/errors.ts'
import { newId } from '../../src/core/id.ts'
import type { SqlOutcome, SqlQuestion, SqlRooms } from '../../src/gateway/sql/ports.ts'
import type { Desk } from '../../src/grants/desk.ts'

const STATEMENT = { policy: 'test.yaml', statement: 'NotThat', effect: 'Deny' } as const

/** What the test's policy says; it may change between statements. */
export interface TestPolicy {
  /** Patterns of `ACTION RESOURCE` that are denied. */
  deny: RegExp[]
  /** Columns that are masked. */
  masks: { columns: string[]; as: MaskForm }[]
}

/** Something that was recorded, in order. */
export interface Noted {
  readonly what: 'decision' | 'refusal' | 'outcome'
  readonly eventId: string
  readonly question?: SqlQuestion
  readonly effect?: string
  readonly outcome?: SqlOutcome
  readonly code?: string
}

/** What a test sees of the rooms behind a gate for databases. */
export interface Watched {
  readonly policy: TestPolicy
  readonly noted: Noted[]
  readonly troubles: GateError[]
  /** What was decided of texts, but for the connection: `allow Query select 1`. */
  decisions(): string[]
  /** Resolves when something like this is noted. */
  until(like: (noted: Noted) => boolean): Promise<Noted>
}

/** All rooms but for who clients are, of an engine that it does not know: they decide by a test's policy, and note. */
export function watchedRooms(): { readonly watched: Watched; readonly rooms: Omit<SqlRooms, 'identify'> } {
  const policy: TestPolicy = { deny: [], masks: [] }
  const noted: Noted[] = []
  const troubles: GateError[] = []
  const waiting = new Set<() => void>()
  const note = (entry: Noted): void => {
    noted.push(entry)
    for (const wake of [...waiting]) wake()
  }
  const rooms: Omit<SqlRooms, 'identify'> = {
    decide: ({ pairs, context }) => {
      // The test may change it between statements: as a policy does that asks for the time.
      context.get('aws:currenttime')
      return answer(pairs, policy)
    },
    rowThresholds: () => [],
    masksValues: () => policy.masks.length > 0,
    // The policy of this gate never asks.
    approvals: { desk: {} as Desk, digestKey: Buffer.alloc(32, 5), requestUrl: id => id },
    detector: () => ({ mask: text => ({ text, count: 0 }) }),
    admit: () => ({ ended: new AbortController().signal, check: () => undefined, leave: () => undefined }),
    recorder: {
      newEventId: () => newId(systemClock, systemRandom),
      decision: async (eventId, { question, decision }) => {
        const effect = decision && { effect: decision.effect }
        note({ what: 'decision', eventId, ...(question && { question }), ...effect })
      },
      refusal: async (eventId, { question }, _facts, { code }) => {
        note({ what: 'refusal', eventId, code, ...(question && { question }) })
      },
      outcome: async (eventId, { question }, outcome) => {
        note({ what: 'outcome', eventId, outcome, ...(question && { question }) })
      },
      resultBytes: () => 0,
    },
    hashKey: Buffer.alloc(32, 7),
    clock: systemClock,
    random: systemRandom,
    trouble: error => void troubles.push(error),
  }
  return {
    rooms,
    watched: {
      policy,
      noted,
      troubles,
      decisions: () =>
        noted
          .filter(({ what, question }) => what === 'decision' && question?.text.message !== 'Connect')
          .map(({ effect, question }) => `${effect} ${question?.text.message} ${question?.text.sql}`),
      async until(like) {
        for (;;) {
          const found = noted.find(like)
          if (found !== undefined) return found
          await new Promise<void>(resolve => {
            const wake = (): void => {
              waiting.delete(wake)
              resolve()
            }
            waiting.add(wake)
          })
        }
      },
    },
  }
}

function answer(pairs: readonly Pair[], { deny, masks }: TestPolicy): Decision {
  for (const { action, resource } of pairs) {
    const path = `${action} ${resource.split('/').slice(1).join('/')}`
    if (action === 'sql:Unknown' || deny.some(pattern => pattern.test(path)))
      return denied(`${path} is denied`)
  }
  const obligations = masks.map(
    ({ columns, as }): Obligation => ({
      ...{ kind: 'mask', fields: [], columns, detect: [], as, otherObjects: 'deny' },
      from: { ...STATEMENT, effect: 'Mask' },
    }),
  )
  return { effect: 'allow', statements: [], obligations }
}

function denied(reason: string): Decision {
  return { effect: 'deny', statements: [STATEMENT], obligations: [], denial: { kind: 'explicit', reason } }
}
