import type { RemovalEvent } from '../event.ts'
import type { Victim } from './choose.ts'
import type { PlacedRemoval } from './hints.ts'
import { lastWord, voucherOf } from './removal.ts'
import { endsOf, type Home, type JournalState, type LaneState, type SegmentBook, without } from './survey.ts'

/** What has to be said before anything is removed: a removal without its id. */
export type Statement = Omit<RemovalEvent, 'id'>

/** A lane without what is chosen of it. */
export function desired(lane: LaneState, victims: readonly Victim[]): LaneState {
  return victims.reduce((left, { facts }) => (facts.lane === lane.lane ? without(left, facts) : left), lane)
}

/**
 * The removals that must still be recorded so that what is chosen may go: each gap that there will be, as a whole and
 * with what is gone of it already, where no removal vouches for just that; and again each whose own segment is to go.
 * What was said to go, and stays, is withdrawn.
 */
export async function statementsFor(
  state: JournalState,
  victims: readonly Victim[],
  book: SegmentBook,
  { nowMs, kept }: { readonly nowMs: number; readonly kept?: string | undefined },
): Promise<readonly Statement[]> {
  const statements: Statement[] = []
  for (const lane of state.lanes) {
    const goal = desired(lane, victims)
    const newest = lane.hints[0]?.timeMs ?? 0
    let timeMs = Math.max(nowMs, newest + 1)
    const say = (part: Omit<Statement, 'type' | 'timeMs' | 'lane'>): void => {
      statements.push({ type: 'removal', timeMs, lane: lane.lane, ...part })
      timeMs++
    }
    for (const part of await withdrawals(state, lane, goal, victims, book)) say(part)
    const ends = await endsOf(book, goal, lane.hints)
    for (const gap of goal.gaps) {
      const voucher = voucherOf(gap, lane.hints, ends)
      if (voucher !== undefined && !losesHome(state, voucher, victims)) continue
      const { first, before, after } = gap
      const going = victims.filter(({ facts }) => facts.lane === lane.lane && isWithin(facts.segment, gap))
      const gone = lane.gaps.filter(each => isWithin(each.first, gap))
      const old = gone.map(each => voucherOf(each, lane.hints, ends) ?? voucher)
      const why = going[0]?.why ?? old[0]?.why ?? 'size'
      const place = going.length > 0 ? kept : old[0]?.kept
      const areKept = place !== undefined && old.every(each => each?.kept === place)
      say({
        segments: [first, gap.last ?? lane.present.at(-1) ?? voucher?.segments[1] ?? first],
        events: [before.number + 1, after.number],
        before: before.link.toString('hex'),
        after: after.link.toString('hex'),
        why,
        ...(areKept ? { kept: place } : {}),
      })
    }
  }
  return statements
}

function isWithin(
  segment: number,
  gap: { readonly first: number; readonly last: number | undefined },
): boolean {
  return gap.first <= segment && segment <= (gap.last ?? segment)
}

/** Segments that were said to go and stay, each by itself; and what was said of such before, where that would be lost. */
async function withdrawals(
  state: JournalState,
  lane: LaneState,
  goal: LaneState,
  victims: readonly Victim[],
  book: SegmentBook,
): Promise<readonly Omit<Statement, 'type' | 'timeMs' | 'lane'>[]> {
  const found: Omit<Statement, 'type' | 'timeMs' | 'lane'>[] = []
  const last = lane.present.at(-1)
  for (const segment of goal.present) {
    const word = lastWord(lane.hints, segment)
    // The last segment grows still: what is said of it waits until it does not.
    if (word === undefined || segment === last) continue
    if (word.why === 'withdrawn' && !losesHome(state, word, victims)) continue
    const { before, after } = await book.facts(lane.lane, segment)
    found.push({
      segments: [segment, segment],
      events: [before.number + 1, after.number],
      before: before.link.toString('hex'),
      after: after.link.toString('hex'),
      why: 'withdrawn',
    })
  }
  return found
}

/** Whether a removal would be lost with one of these segments. */
function losesHome({ proven }: JournalState, hint: PlacedRemoval, victims: readonly Victim[]): boolean {
  const { at } = hint
  const home: Home = proven.get(hint) ?? { lane: at.lane, first: at.segment, last: at.segment }
  return victims.some(({ facts }) => isIn(home, facts.lane, facts.segment))
}

export function isIn(home: Home, lane: number, segment: number): boolean {
  return home.lane === lane && home.first <= segment && segment <= home.last
}
