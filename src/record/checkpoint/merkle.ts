/**
 * Merkle trees of RFC 6962, section 2.1 (https://www.rfc-editor.org/rfc/rfc6962#section-2.1), over SHA-256:
 *
 *     leaf = SHA-256(0x00 || payload)        node = SHA-256(0x01 || left || right)
 *
 * A tree of n leaves has the largest power of two below n of them on its left. The prefixes keep a node from
 * passing for a leaf.
 */
import { hash } from 'node:crypto'

/** Bytes of a leaf, a node and a root. */
export const HASH_BYTES = 32
const LEAF = Buffer.of(0x00)
/** What of a node is hashed, written in place for each: two copies cost less than a buffer. */
const node = Buffer.alloc(1 + 2 * HASH_BYTES, 0x01)

export function leafHash(payload: Buffer): Buffer {
  return hash('sha256', Buffer.concat([LEAF, payload]), 'buffer')
}

export function nodeHash(left: Buffer, right: Buffer): Buffer {
  left.copy(node, 1)
  right.copy(node, 1 + HASH_BYTES)
  return hash('sha256', node, 'buffer')
}

/** Builds a root leaf by leaf; holds one hash for each full subtree, so memory is logarithmic. */
export class MerkleTree {
  /** Roots of full subtrees, the largest first. */
  readonly #full: Buffer[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  add(leaf: Buffer): void {
    let root = leaf
    for (let size = this.#size; size % 2 === 1; size = Math.floor(size / 2)) {
      const left = this.#full.pop()
      if (left !== undefined) root = nodeHash(left, root)
    }
    this.#full.push(root)
    this.#size++
  }

  /** The root over what was added so far; of no leaf, the hash of nothing. */
  root(): Buffer {
    const last = this.#full.at(-1) ?? hash('sha256', Buffer.alloc(0), 'buffer')
    return this.#full.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last)
  }
}

/** The hashes beside the way from a leaf to the root, from the bottom up: the audit path of RFC 6962. */
export function merklePath(leaves: readonly Buffer[], index: number): readonly Buffer[] {
  const path: Buffer[] = []
  let level = leaves
  let at = index
  while (level.length > 1) {
    const beside = level[at % 2 === 0 ? at + 1 : at - 1]
    if (beside !== undefined) path.push(beside)
    level = levelAbove(level)
    at = Math.floor(at / 2)
  }
  return path
}

/** Pairs are joined; who has no neighbour goes up alone. */
function levelAbove(level: readonly Buffer[]): readonly Buffer[] {
  const above: Buffer[] = []
  for (let at = 0; at < level.length; at += 2) {
    const left = level[at]
    const right = level[at + 1]
    if (left !== undefined) above.push(right === undefined ? left : nodeHash(left, right))
  }
  return above
}

/** Most hashes in a path: a tree has fewer than 2^53 leaves. */
export const MAX_PATH = 53

/**
 * The root to which a path leads from a leaf at `index` of `size` leaves; undefined if no tree of that size has a
 * path of that length there. RFC 9162, section 2.1.3.2
 * (https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2).
 */
export function rootFromPath(
  leaf: Buffer,
  place: { readonly index: number; readonly size: number },
  path: readonly Buffer[],
): Buffer | undefined {
  let at = place.index
  let last = place.size - 1
  if (at < 0 || at > last) return undefined
  let root = leaf
  for (const beside of path) {
    if (last === 0) return undefined
    if (at % 2 === 1 || at === last) {
      root = nodeHash(beside, root)
      // Levels on which the node had no neighbour.
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2)
        last = Math.floor(last / 2)
      }
    } else {
      root = nodeHash(root, beside)
    }
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 ? root : undefined
}
