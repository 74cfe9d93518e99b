import { patternMatcher } from '../search/pattern.ts'
import type { Query, Term, TextKey } from '../search/query.ts'
import type { Block, Stray } from './block.ts'
import { BY_ENDING } from './build.ts'
import { addListed, isWhole } from './column.ts'
import { gramsOf, seedOf, valueGramsOf, wholeOf } from './grams.ts'
import { Rows } from './rows.ts'

type TextTerm = Extract<Term, { readonly pattern: unknown }>

/** How calls ended of which that is in another block: found by the call's id. */
export interface Strays {
  find(decisionId: string): Promise<Stray | undefined>
}

/** Keys whose values are few, and quick to go through, come first. */
const ORDER: readonly TextKey[] = ['type', 'effect', 'service', 'masked', 'status', 'error', 'role']

/** A query as blocks are asked it. */
export interface Selector {
  /** The rows of a block that may match; all that match are among them. Throws `index-damaged`. */
  select(block: Block, strays: Strays): Promise<Rows>
}

export function selectorFor(query: Query): Selector {
  const times: Exclude<Term, TextTerm>[] = []
  const terms: TextTerm[] = []
  for (const term of query) {
    if ('pattern' in term) terms.push(term)
    else times.push(term)
  }
  const rank = ({ key }: TextTerm): number => (ORDER.includes(key) ? ORDER.indexOf(key) : ORDER.length)
  const tests = terms.toSorted((a, b) => rank(a) - rank(b)).map(testOf)
  return {
    async select(block, strays) {
      const rows = Rows.all(block.head.rows)
      for (const term of times) {
        if (rows.isEmpty) return rows
        await selectTimes(block, term, rows)
      }
      for (const test of tests) {
        if (rows.isEmpty) return rows
        await test(block, strays, rows)
      }
      return rows
    },
  }
}

/** Takes out of `rows` what cannot match. */
type Test = (block: Block, strays: Strays, rows: Rows) => Promise<void>

function testOf(term: TextTerm): Test {
  const fits = patternMatcher(term.pattern, term.key === 'text')
  const seed = seedOf(term.key)
  const numbers = numbersOf(term, seed)
  return async (block, strays, rows) => {
    if (block.head.keys[term.key] === 'listed') {
      const fitting = await listed(block, term.key, fits)
      await addOpen(block, term.key, fits, strays, fitting)
      if (term.not) fitting.invert()
      rows.intersect(fitting)
    } else if (!term.not && !isByEnding(term.key)) {
      // A word that is too short for grams says nothing of rare values.
      if (numbers.length > 0) await signed(block, await listed(block, term.key, fits), numbers, rows)
    }
  }
}

/** Numbers that rows have which fit, where the key is signed. */
function numbersOf({ key, pattern }: TextTerm, seed: number): readonly number[] {
  if (key === 'text') return gramsOf(pattern, seed)
  return isWhole(key) ? wholeOf(pattern, seed) : valueGramsOf(pattern, seed)
}

async function listed(block: Block, key: TextKey, fits: (text: string) => boolean): Promise<Rows> {
  const fitting = new Rows(block.head.rows)
  const bytes = await block.part(`values:${key}`)
  if (bytes.length === 0) return fitting
  const values = JSON.parse(bytes.toString()) as readonly string[]
  let list: Buffer | undefined
  for (const [at, value] of values.entries()) {
    if (!fits(value)) continue
    list ??= await block.part(`rows:${key}`)
    addListed(list, at, fitting)
  }
  return fitting
}

type ByEnding = (typeof BY_ENDING)[number]

function isByEnding(key: TextKey): key is ByEnding {
  return BY_ENDING.some(each => each === key)
}

/** What calls have by an ending that is in another block, or in none. */
async function addOpen(
  { head }: Block,
  key: TextKey,
  fits: (text: string) => boolean,
  strays: Strays,
  rows: Rows,
): Promise<void> {
  if (!isByEnding(key)) return
  for (const [row, id] of head.open) {
    const values = (await strays.find(id))?.[key] ?? NO_ENDING[key]
    if (values.some(fits)) rows.add(row)
  }
}

const NO_ENDING: Readonly<Record<ByEnding, readonly string[]>> = { error: [], status: [], masked: ['no'] }

/** Planes that are read at once. */
const PLANES_AT_ONCE = 4

/** Keeps the rows that fit by a common value, or have all of these grams. */
async function signed(block: Block, fitting: Rows, grams: readonly number[], rows: Rows): Promise<void> {
  const planes = [...new Set(grams.map(gram => gram % block.head.planes))]
  const rare = rows.copy()
  for (let at = 0; at < planes.length && !rare.isEmpty; at += PLANES_AT_ONCE) {
    const some = planes.slice(at, at + PLANES_AT_ONCE).map(plane => block.plane(plane))
    for (const bytes of await Promise.all(some)) rare.intersect(Rows.fromBytes(block.head.rows, bytes))
  }
  fitting.unite(rare)
  rows.intersect(fitting)
}

async function selectTimes(
  block: Block,
  { key, timeMs }: Exclude<Term, TextTerm>,
  rows: Rows,
): Promise<void> {
  const { minMs, maxMs } = block.head
  const isIn = (ms: number): boolean => (key === 'since' ? ms >= timeMs : ms < timeMs)
  if (isIn(minMs) && isIn(maxMs)) return
  const times = await block.part('times')
  for (let row = 0; row < rows.length; row++) {
    if (!isIn(minMs + times.readUInt32LE(row * 4))) rows.remove(row)
  }
}
