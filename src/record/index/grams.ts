/**
 * What a row says of its texts: a gram is a number made of three characters that stand side by side, and of the key whose
 * value they stand in. A text that holds another has all grams of it, so rows without one of them cannot match. Grams
 * are numbers of 32 bits; two may be the same by chance, so what is left has to be looked at.
 */
import type { Pattern } from '../search/query.ts'

/** UTF-16 units in a gram. */
const GRAM_LENGTH = 3
/** So many grams of a query are looked for; more hardly rule out more. */
const MAX_LOOKED_FOR = 12
/** Numbers that stand for a whole value, where its parts are not of interest. */
export const WHOLE_NUMBERS = 12
/** The same for the last part of one. */
const TAIL_NUMBERS = 4

/** Numbers in order, of which there may be many. */
export class Numbers {
  #numbers = new Uint32Array(1_024)
  length = 0

  push(number: number): void {
    if (this.length === this.#numbers.length) {
      const larger = new Uint32Array(this.length * 2)
      larger.set(this.#numbers)
      this.#numbers = larger
    }
    this.#numbers[this.length] = number
    this.length += 1
  }

  clear(): void {
    this.length = 0
  }

  set(index: number, number: number): void {
    this.#numbers[index] = number
  }

  at(index: number): number {
    return this.#numbers[index] ?? 0
  }
}

/** A number of its own for each key, which its grams begin with. */
export function seedOf(key: string): number {
  let seed = 0x811c_9dc5
  for (let at = 0; at < key.length; at++) seed = Math.imul(seed ^ key.charCodeAt(at), 0x0100_0193)
  return seed >>> 0
}

/** What stands before and behind a value that is compared as a whole; in no text that JSON holds unescaped. */
const BEGIN = '\u0002'
const END = '\u0003'

/** Adds the numbers of a text, of which parts are looked for. */
export function addGrams(text: string, seed: number, target: Numbers): void {
  let before = text.charCodeAt(0)
  let here = text.charCodeAt(1)
  for (let at = GRAM_LENGTH - 1; at < text.length; at++) {
    const next = text.charCodeAt(at)
    target.push(gram(before, here, next, seed))
    before = here
    here = next
  }
}

/** Adds the numbers of a value that is compared as a whole: its grams, where it begins and ends, and itself. */
export function addValue(value: string, seed: number, target: Numbers): void {
  addGrams(`${BEGIN}${value}${END}`, seed, target)
  addWhole(value, seed, target)
  addTail(value, seed, target)
}

/** Adds what stands for the last part of an ARN or a path, with the character before it; nothing if it has no parts. */
function addTail(text: string, seed: number, target: Numbers): void {
  const at = Math.max(text.lastIndexOf('/'), text.lastIndexOf(':'))
  if (at !== -1) addWhole(text.slice(at), mix(seed), target, TAIL_NUMBERS)
}

/** Adds what stands for a whole value. */
export function addWhole(text: string, seed: number, target: Numbers, count: number = WHOLE_NUMBERS): void {
  let number = seed
  for (let at = 0; at < text.length; at++) number = mix(Math.imul(number, 31) + text.charCodeAt(at))
  for (let at = 0; at < count; at++) target.push(mix(number + Math.imul(at, 0x9e37_79b1)))
}

/** Numbers that every text has of which a part fits the pattern, those that are looked for; empty if nothing can be said. */
export function gramsOf({ parts }: Pattern, seed: number): readonly number[] {
  const all = new Numbers()
  for (const part of parts) if (typeof part === 'string') addGrams(part, seed, all)
  return someOf(all)
}

/** The same for values that fit as a whole. */
export function valueGramsOf(pattern: Pattern, seed: number): readonly number[] {
  const whole = wholeOf(pattern, seed)
  if (whole.length > 0) return whole
  const all = new Numbers()
  for (const [at, part] of pattern.parts.entries()) {
    if (typeof part !== 'string') continue
    const isLast = at === pattern.parts.length - 1
    addGrams(`${at === 0 ? BEGIN : ''}${part}${isLast ? END : ''}`, seed, all)
  }
  const tail = new Numbers()
  const last = pattern.parts.at(-1)
  // What ends a value holds its last part, if it holds the character before that.
  if (typeof last === 'string') addTail(last, seed, tail)
  return [...new Set([...numbersIn(tail), ...someOf(all)])]
}

/** What stands for the one value that fits the pattern; empty if there may be others. */
export function wholeOf({ parts }: Pattern, seed: number): readonly number[] {
  const [only] = parts
  if (typeof only !== 'string' || parts.length > 1) return []
  const numbers = new Numbers()
  addWhole(only, seed, numbers)
  return numbersIn(numbers)
}

function numbersIn(numbers: Numbers): readonly number[] {
  return Array.from({ length: numbers.length }, (_, at) => numbers.at(at))
}

/** The last ones first: texts of one kind differ where they end. */
function someOf(all: Numbers): readonly number[] {
  const every = Math.max(all.length / MAX_LOOKED_FOR, 1)
  const grams = new Set<number>()
  for (let at = all.length - 1; at >= 0; at -= every) grams.add(all.at(Math.floor(at)))
  return [...grams]
}

function gram(a: number, b: number, c: number, seed: number): number {
  return mix(Math.imul(Math.imul(seed ^ a, 0x85eb_ca6b) ^ b, 0xc2b2_ae35) ^ c)
}

/** The finishing steps of MurmurHash3: every bit of the number has a say in every bit of what it gives. */
function mix(number: number): number {
  let mixed = number ^ (number >>> 16)
  mixed = Math.imul(mixed, 0x85eb_ca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2_ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
