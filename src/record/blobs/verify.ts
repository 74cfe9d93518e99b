import { asGateError } from '../../core/errors.ts'
import type { OutcomeEvent, RecordedBody } from '../event.ts'
import { type JournalSource, readJournal } from '../read.ts'
import { layout, segmentNumbers } from '../segment.ts'
import { readBlobName } from './name.ts'
import { readBlob } from './read.ts'

/** A body that an outcome names and that is not there as it was recorded. */
export interface BlobFault {
  /** The name in the event. */
  readonly blob: string
  /** The id of the call. */
  readonly decisionId: string
  readonly code: 'body-missing' | 'body-damaged'
  /** Prose. */
  readonly reason: string
}

export interface BlobsReport {
  readonly whole: boolean
  /** Bodies that are there as they were recorded, and their bytes as they went by. */
  readonly bodies: number
  readonly bytes: number
  /** Bodies that went with their segment, by the rules of retention. */
  readonly removed: number
  /** Bodies whose key was shredded; bodies, and outcomes that may name one, for which no key was given. */
  readonly shredded: number
  readonly sealed: number
  /** How many do not fit, and the first of them. */
  readonly faulty: number
  readonly faults: readonly BlobFault[]
}

const MAX_FAULTS = 100
const BLOB = Buffer.from('"blob":"')
const SEALED = Buffer.from('"sealed":true')

/**
 * Reads every body that an outcome names, in constant memory, and compares it with what was recorded of it. That the
 * journal itself is whole is shown by `verifyJournal`. Throws `journal-corrupt` where it cannot be read.
 */
export async function verifyBlobs(source: JournalSource): Promise<BlobsReport> {
  const walk = new BlobWalk(source)
  for await (const { event } of readJournal(
    source,
    payload => payload.includes(BLOB) || payload.includes(SEALED),
  )) {
    if (event.type === 'outcome') await walk.outcome(event)
  }
  return walk.report()
}

class BlobWalk {
  readonly #source: JournalSource
  readonly #firstSegments = new Map<number, number>()
  readonly #faults: BlobFault[] = []
  #bodies = 0
  #bytes = 0
  #removed = 0
  #shredded = 0
  #sealed = 0
  #faulty = 0

  constructor(source: JournalSource) {
    this.#source = source
  }

  async outcome({ decisionId, sealed, requestBody, replyBody }: OutcomeEvent): Promise<void> {
    if (sealed === true) this.#sealed++
    for (const body of [requestBody, replyBody]) {
      if (body?.blob !== undefined) await this.#body(body, body.blob, decisionId)
    }
  }

  report(): BlobsReport {
    return {
      whole: this.#faulty === 0,
      bodies: this.#bodies,
      bytes: this.#bytes,
      removed: this.#removed,
      shredded: this.#shredded,
      sealed: this.#sealed,
      faulty: this.#faulty,
      faults: this.#faults,
    }
  }

  async #body(body: RecordedBody, blob: string, decisionId: string): Promise<void> {
    try {
      for await (const bytes of readBlob(this.#source, body, decisionId)) this.#bytes += bytes.length
      this.#bodies++
    } catch (failure) {
      const { code, message } = asGateError(failure)
      if (code === 'content-shredded') this.#shredded++
      else if (code === 'content-sealed') this.#sealed++
      else if (code !== 'body-missing' && code !== 'body-damaged') throw failure
      else if (code === 'body-missing' && (await this.#wentWithSegment(blob))) this.#removed++
      else this.#fault({ blob, decisionId, code, reason: message })
    }
  }

  #fault(fault: BlobFault): void {
    this.#faulty++
    if (this.#faults.length < MAX_FAULTS) this.#faults.push(fault)
  }

  async #wentWithSegment(blob: string): Promise<boolean> {
    const name = readBlobName(blob)
    if (name === undefined) return false
    let first = this.#firstSegments.get(name.lane)
    if (first === undefined) {
      const { files, folder } = this.#source
      first = segmentNumbers(await files.list(layout.lane(folder, name.lane)))[0] ?? 0
      this.#firstSegments.set(name.lane, first)
    }
    return name.segment < first
  }
}
