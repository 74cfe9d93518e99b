/** Generated FROMs over four tables that share names of columns: what `*` means in them is told by the server itself. */

export const JOINED: readonly string[] = [
  'create database joined',
  'use joined',
  'create table a (x int, y int, z int)',
  'create table b (y int, w int, x int)',
  'create table c (z int, x int, v int, u int)',
  'create table d (q int, y int)',
]

/** Queries in an order that the seed alone says; most of them the server takes. */
export function* joinQueries(seed: number): Generator<string> {
  const { pick, below } = choices(seed)
  let tables = 0
  const factor = (depth: number): string => {
    const kind = below(depth > 0 ? 10 : 6)
    if (kind >= 6 && kind < 8) return `(${joins(depth - 1)})`
    tables += 1
    const alias = `t${tables}`
    if (kind < 6) return `${pick(['a', 'b', 'c', 'd'])} ${alias}`
    return `(select ${pick(['*', `*, 1 as k_${alias}`])} from ${joins(depth - 1)}) ${alias}`
  }
  const joins = (depth: number): string => {
    let text = factor(depth)
    for (let i = below(2); i >= 0; i--) {
      const join = pick([
        'natural join',
        'natural left join',
        'join',
        'left join',
        'straight_join',
        ',',
        'right join',
      ])
      text += ` ${join} ${factor(depth)}`
      if (join === ',' || join.startsWith('natural')) continue
      const by = below(3)
      if (by === 0) text += ` using (${pick(['x', 'y', 'z', 'y, x', 'x, y', 'z, x'])})`
      else if (by === 1 || join !== 'join') text += ' on 1'
    }
    return text
  }
  for (;;) {
    tables = 0
    yield `select ${pick(['*', '*', 't1.*, *', '*, t1.x'])} from ${joins(2)} limit 0`
  }
}

interface Choices {
  pick<T>(from: readonly [T, ...T[]]): T
  below(limit: number): number
}

function choices(seed: number): Choices {
  let state = seed
  const below = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >> 8) % limit
  }
  return { below, pick: from => from[below(from.length)] ?? from[0] }
}
