import { advance, spread } from './match.ts'
import { alphabet } from './overlap.ts'
import { isStar, type Pattern, STAR, takes } from './pattern.ts'

/** Steps after which `covers` gives up and says no, which is the safe answer for an Allow. */
const MAX_STEPS = 5_000

/**
 * Whether every text that `inner` describes is one that `outer` describes too. Exact up to
 * `MAX_STEPS`; beyond, false.
 */
export function covers(outer: Pattern, inner: Pattern): boolean {
  let same = 0
  while (same < outer.length && (outer[same] ?? STAR) >= 0 && outer[same] === inner[same]) same++
  const first = outer[same]
  // A literal of `outer` meets another literal, the end, or a wildcard that can take something else.
  if (first !== undefined && first >= 0) return false
  return holds(outer.slice(same), inner.slice(same))
}

/**
 * Walks `inner` as an automaton while keeping the set of all positions in which `outer` can be, and
 * looks for a text that `inner` takes and `outer` does not. Such a text never needs characters
 * outside the two patterns' own, the colon and one more.
 */
function holds(outer: Pattern, inner: Pattern): boolean {
  if (outer.length === 1 && outer[0] === STAR) return true
  const letters = alphabet(outer, inner)
  const start = new Uint8Array(outer.length + 1)
  start[0] = 1
  spread(outer, start)
  const open: [number, Uint8Array][] = [[0, start]]
  const seen = new Set<string>([stateKey(0, start)])
  let steps = 0
  const visit = (at: number, states: Uint8Array): void => {
    const key = stateKey(at, states)
    if (!seen.has(key)) {
      seen.add(key)
      open.push([at, states])
    }
  }
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [at, states] = next
    const token = inner[at]
    if (token === undefined) {
      if (states[outer.length] !== 1) return false
      continue
    }
    if (isStar(token)) visit(at + 1, states)
    for (const letter of token >= 0 ? [token] : letters) {
      if (++steps > MAX_STEPS) return false
      if (takes(token, letter)) visit(isStar(token) ? at : at + 1, advance(outer, states, letter))
    }
  }
  return true
}

function stateKey(at: number, states: Uint8Array): string {
  return `${at}/${states.join('')}`
}
