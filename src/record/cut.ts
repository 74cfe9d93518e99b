import type { Json, JsonObject } from '../core/json.ts'

/** How much of a value is kept. */
export interface CutLimits {
  /** Characters (UTF-16 units) of one string. */
  readonly stringLength: number
  /** Elements of one list, members of one map. */
  readonly count: number
}

/** Deeper values are left out, so that no input can exhaust the stack. */
const MAX_DEPTH = 64
const LEFT_OUT = '<left out>'

/** Tried in this order until the value fits. */
const STEPS: readonly CutLimits[] = [
  { stringLength: 16_384, count: 100_000 },
  { stringLength: 4_096, count: 100_000 },
  { stringLength: 1_024, count: 100_000 },
  { stringLength: 256, count: 10_000 },
  { stringLength: 256, count: 1_000 },
  { stringLength: 128, count: 100 },
  { stringLength: 128, count: 20 },
  { stringLength: 64, count: 5 },
]

/** A string's beginning, and how much is missing: `abc<2000 characters left out>`. */
export function cutString(value: string, length: number): string {
  if (value.length <= length) return value
  const last = value.charCodeAt(length - 1)
  const end = last >= 0xd800 && last <= 0xdbff ? length - 1 : length
  return `${value.slice(0, end)}<${value.length - end} characters left out>`
}

/** Cuts a value, long strings first, until its JSON takes at most `limitBytes`; marks each cut in place. */
export function cutToFit(value: JsonObject, limitBytes: number): { value: JsonObject; truncated: boolean } {
  if (surelyFits(value, limitBytes)) return { value, truncated: false }
  if (depthWithin(value, MAX_DEPTH) && jsonBytes(value) <= limitBytes) return { value, truncated: false }
  for (const limits of STEPS) {
    const cut = cutMembers(value, limits, 0)
    if (jsonBytes(cut) <= limitBytes) return { value: cut, truncated: true }
  }
  return { value: { [LEFT_OUT]: 'all parameters' }, truncated: true }
}

/** The most bytes that a character takes in JSON: written as an escape. */
const CHARACTER_BYTES = 6
/** And a number, a boolean or null, with what stands around a member. */
const MEMBER_BYTES = 32

/** Whether it fits however its characters are written; what is no map of scalars is looked at more closely. */
function surelyFits(value: JsonObject, limitBytes: number): boolean {
  let bytes = 2
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === 'object' && member !== null) return false
    const length = typeof member === 'string' ? member.length : 0
    bytes += MEMBER_BYTES + CHARACTER_BYTES * (name.length + length)
    if (bytes > limitBytes) return false
  }
  return bytes <= limitBytes
}

export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}

function cut(value: Json, limits: CutLimits, depth: number): Json {
  if (typeof value === 'string') return cutString(value, limits.stringLength)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return LEFT_OUT
  if (!isList(value)) return cutMembers(value, limits, depth)
  const kept = value.slice(0, limits.count).map(element => cut(element, limits, depth + 1))
  if (kept.length < value.length) kept.push(`<${value.length - kept.length} elements left out>`)
  return kept
}

function cutMembers(value: JsonObject, limits: CutLimits, depth: number): JsonObject {
  const members = Object.entries(value)
  const kept = members
    .slice(0, limits.count)
    .map(([name, member]): [string, Json] => [
      cutString(name, limits.stringLength),
      cut(member, limits, depth + 1),
    ])
  if (kept.length < members.length) kept.push([LEFT_OUT, `${members.length - kept.length} members`])
  return Object.fromEntries(kept)
}

function depthWithin(value: Json, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (depth === 0) return false
  const inner: readonly Json[] = isList(value) ? value : Object.values(value)
  return inner.every(each => depthWithin(each, depth - 1))
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
