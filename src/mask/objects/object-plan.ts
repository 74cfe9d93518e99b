import { GateError } from '../../core/errors.ts'
import { type Coding, codingOf, deflateOf, openHead, readCodings } from './encoding.ts'
import { type Look, lookAt } from './kind.ts'
import { MAX_LAYERS } from './limits.ts'
import type { Head } from './passed-body.ts'

/** What an object is, by its first bytes. */
export interface ObjectPlan {
  /** What it is compressed with, the outermost first. */
  readonly layers: readonly Coding[]
  /** What is inside. */
  readonly look: Look
}

/**
 * Finds out what an object is: what its metadata says it is compressed with, where it is, then what its bytes
 * say. Metadata that is not true does not matter; metadata that may be true and hides text does.
 * @param head the first `HEAD_BYTES` of the object, or all of it
 * @throws GateError `object-unmaskable`: damaged, nested too deep, or text in two readings
 */
export async function planObject(head: Head, contentEncoding: string): Promise<ObjectPlan> {
  const declared = readCodings(contentEncoding)
  const layers: Coding[] = []
  let { bytes, whole } = head
  for (;;) {
    const named = declared.shift()
    const coding = named === 'deflate' ? deflateOf(bytes) : (named ?? codingOf(bytes))
    if (coding === undefined) break
    if (layers.length === MAX_LAYERS) throw unmaskable(`is compressed more than ${MAX_LAYERS} times`)
    const opened = await openHead(coding, bytes, whole)
    if (opened.damaged) {
      if (opened.bytes.length > 0 || !saysOther(coding, bytes, whole))
        throw unmaskable(`has ${coding} data that cannot be opened`)
      continue
    }
    // A coding without magic bytes may take text for its own: a client would read one, the mask the other.
    if (!selfEvident(coding) && lookAt(bytes, whole).kind === 'text') {
      throw unmaskable(`is text and ${coding} data at once`)
    }
    layers.push(coding)
    bytes = opened.bytes
    whole = opened.whole
  }
  return { layers, look: lookAt(bytes, whole) }
}

/** Whether bytes that cannot be opened as a coding are clearly something else, that can be masked. */
function saysOther(coding: Coding, bytes: Buffer, whole: boolean): boolean {
  const evident = codingOf(bytes)
  return evident === undefined ? lookAt(bytes, whole).kind === 'text' : evident !== coding
}

function selfEvident(coding: Coding): boolean {
  return coding === 'gzip' || coding === 'zstd'
}

function unmaskable(what: string): GateError {
  return new GateError('object-unmaskable', `the object ${what}: it was withheld`)
}
