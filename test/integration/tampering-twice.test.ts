import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { compareAnchored } from '../../src/record/anchored/compare.ts'
import { nextLink } from '../../src/record/chain.ts'
import { writePublicKeys } from '../../src/record/checkpoint/signer.ts'
import { frameBytes, readFrame, readPayload, writeFrame } from '../../src/record/frame.ts'
import { STARTED_MS, steadyRandom } from '../../src/record/journal.fixture.ts'
import type { MemoryFiles } from '../../src/record/memory-files.ts'
import { addHoldWord } from '../../src/record/retention/holds.ts'
import {
  HOUR_MS,
  type RetainedDisk,
  record,
  retainedDisk,
} from '../../src/record/retention/retention.fixture.ts'
import { SEGMENT_HEADER_BYTES } from '../../src/record/segment.ts'
import { verifyJournal } from '../../src/record/verify.ts'
import { execute, python, ROOT } from '../harness/process.ts'

const VERIFIER = join(ROOT, 'vectors/recording/removed/verify.py')
const ROUNDS = 240
/** Numbers that look random and are the same in every run. */
const random = steadyRandom('tampering twice')
const below = (limit: number): number => random.bytes(6).readUIntBE(0, 6) % limit
const pick = <T>(all: readonly T[]): T => all[below(all.length)] as T

const pathsOf = (files: MemoryFiles, form: RegExp): string[] =>
  [...files.contents.keys()].filter(path => form.test(path)).sort()
const segmentsOf = (files: MemoryFiles): string[] => pathsOf(files, /\.seg$/)
const laneOf = (path: string): string => path.split('/')[1] ?? ''

function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = []
  for (let at = SEGMENT_HEADER_BYTES; at < bytes.length; ) {
    const reading = readFrame(bytes, at)
    if (reading.kind !== 'frame') break
    frames.push(reading.frame)
    at += reading.frame.length
  }
  return frames
}

interface Text {
  readonly number: number
  readonly batchStart: number
  readonly json: string
}

const textOf = (frame: Buffer): Text => {
  const { number, batchStart, event } = readPayload(frame)
  return { number, batchStart, json: JSON.stringify(event) }
}

/** A segment with these events, chain and checksums made to fit. */
function chained(bytes: Buffer, texts: readonly Text[]): { bytes: Buffer; link: Buffer } {
  const parts = [bytes.subarray(0, SEGMENT_HEADER_BYTES)]
  let link: Buffer = Buffer.from(bytes.subarray(40, 72))
  for (const { json, ...place } of texts) {
    const room = Buffer.alloc(frameBytes(Buffer.byteLength(json)))
    const frame = room.subarray(0, writeFrame(room, 0, link, place, json))
    link = nextLink(frame)
    parts.push(frame)
  }
  return { bytes: Buffer.concat(parts), link }
}

function changeHead(
  files: MemoryFiles,
  lane: string,
  change: (head: Record<string, unknown>) => object,
): void {
  const path = `journal/heads/${lane}.json`
  if (!files.contents.has(path)) return
  try {
    const head = JSON.parse(files.bytes(path).toString()) as Record<string, unknown>
    files.put(path, Buffer.from(`${JSON.stringify(change(head))}\n`))
  } catch {
    // Another change has made it no head already.
    files.put(path, Buffer.from('{}'))
  }
}

/** What somebody who can write the disk, and has no key, may do. */
const ATTACKS: Readonly<Record<string, (files: MemoryFiles) => void>> = {
  flip(files) {
    const bytes = files.bytes(
      pick(pathsOf(files, /(?:seg|json|jsonl)$/).filter(path => files.bytes(path).length > 0)),
    )
    const at = below(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8))
  },
  cut(files) {
    const path = pick(pathsOf(files, /./))
    files.put(path, files.bytes(path).subarray(0, below(files.bytes(path).length + 1)))
  },
  remove: files => void files.contents.delete(pick(pathsOf(files, /./))),
  removeSegment: files => void files.contents.delete(pick(segmentsOf(files))),
  exchange(files) {
    const alike = pathsOf(files, pick([/\.seg$/, /heads\/\d\d\.json$/, /checkpoints\/\d\d\.jsonl$/]))
    if (alike.length > 0) files.put(pick(alike), Buffer.from(files.bytes(pick(alike))))
  },
  /** An event is another one, and all behind it in its segment follows from it. */
  rewrite(files) {
    const path = pick(segmentsOf(files))
    const texts = framesOf(files.bytes(path)).map(textOf)
    const at = below(Math.max(texts.length, 1))
    const changed = texts.map((text, i) =>
      i === at ? { ...text, json: text.json.replace(':1', ':2') } : text,
    )
    if (texts.length > 0) files.put(path, chained(files.bytes(path), changed).bytes)
  },
  checkpoints(files) {
    const path = pick(pathsOf(files, /checkpoints\/\d\d\.jsonl$/))
    if (path === undefined) return
    const lines = files
      .bytes(path)
      .toString('latin1')
      .split(/(?<=\n)/)
    const changed = pick([
      lines.toSpliced(below(lines.length), 1),
      lines.slice(0, below(lines.length)),
      [...lines, pick(lines)],
    ])
    files.put(path, Buffer.from(changed.join(''), 'latin1'))
  },
  head(files) {
    const changes: readonly ((head: Record<string, unknown>) => object)[] = [
      head => ({ ...head, number: Number(head['number']) - 1 - below(3) }),
      head => ({ ...head, number: Number(head['number']) + 1 + below(3) }),
      head => ({ ...head, clean: head['clean'] !== true }),
      ({ checkpoint: _, ...head }) => head,
    ]
    changeHead(files, pick(['00', '01']), pick(changes))
  },
  /** As it was some time ago: chain, checkpoints and head. */
  restore(files) {
    const path = pick(segmentsOf(files))
    const frames = framesOf(files.bytes(path))
    const frame = frames[below(Math.max(frames.length, 1))]
    if (frame === undefined) return
    const lane = laneOf(path)
    for (const later of segmentsOf(files))
      if (laneOf(later) === lane && later > path) files.contents.delete(later)
    const kept = frames.slice(0, frames.indexOf(frame) + 1)
    files.put(path, Buffer.concat([files.bytes(path).subarray(0, SEGMENT_HEADER_BYTES), ...kept]))
    const { number } = textOf(frame)
    const lines = pathsOf(files, new RegExp(`checkpoints/${lane}.jsonl$`))
    for (const file of lines) {
      const old = files
        .bytes(file)
        .toString('latin1')
        .split(/(?<=\n)/)
      const reaches = (line: string): boolean => Number(/"last":(\d+)/.exec(line)?.[1] ?? 0) <= number
      files.put(file, Buffer.from(old.filter(reaches).join(''), 'latin1'))
    }
    changeHead(files, lane, ({ checkpoint: _, ...head }) => {
      return { ...head, number, link: nextLink(frame).toString('hex') }
    })
  },
  /** A segment goes, and a removal that fits is written behind the end of a lane. */
  forge(files) {
    const paths = segmentsOf(files)
    const at = below(Math.max(paths.length - 1, 1))
    const [gone, next] = [paths[at], paths[at + 1]]
    const home = pick(paths)
    if (gone === undefined || next === undefined || laneOf(gone) !== laneOf(next) || gone === home) return
    const [first, last] = [gone, next].map(path => Number(path.slice(-14, -4)))
    const [a, z] = [files.bytes(gone), files.bytes(next)]
    if (a.length < SEGMENT_HEADER_BYTES || z.length < SEGMENT_HEADER_BYTES) return
    const event = {
      type: 'removal',
      id: 'FORGED',
      timeMs: STARTED_MS * 2,
      lane: Number(laneOf(gone)),
      segments: [first, (last ?? 0) - 1],
      events: [Number(a.readBigUInt64BE(16)), Number(z.readBigUInt64BE(16)) - 1],
      before: a.toString('hex', 40, 72),
      after: z.toString('hex', 40, 72),
      why: pick(['age', 'withdrawn']),
    }
    const texts = framesOf(files.bytes(home)).map(textOf)
    const number = (texts.at(-1)?.number ?? 0) + 1
    const made = chained(files.bytes(home), [
      ...texts,
      { number, batchStart: number, json: JSON.stringify(event) },
    ])
    files.put(home, made.bytes)
    changeHead(files, laneOf(home), head => ({ ...head, number, link: made.link.toString('hex') }))
    files.contents.delete(gone)
  },
}

/** A journal of two lanes with gaps, of other sizes each time; maybe closed, maybe in the middle of removing. */
async function journal(): Promise<RetainedDisk> {
  const disk = await retainedDisk([0, 1], { events: 1 + below(8), segmentBytes: 500 + below(1_500) })
  for (let i = 0; i < 5; i++) {
    const session = below(4) === 0 ? 'HELD' : 'S'
    await record(disk.journals[below(2)], 1 + below(5), { name: `n${i}.`, session })
  }
  await disk.catchUp()
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await addHoldWord(disk.source, { what: 'hold', session: 'HELD', timeMs: STARTED_MS, by: 'ana' })
  if (below(3) > 0) await disk.settleDown(disk.retention())
  else await disk.retention().round(new AbortController().signal)
  await record(disk.journals[below(2)], below(4), { name: 'z', timeMs: disk.nowMs })
  if (below(2) === 0) for (const each of disk.journals) await each.close()
  return disk
}

/** Links of the events that are there, by lane and number. */
function linksOf(files: MemoryFiles): Map<string, string> {
  const links = new Map<string, string>()
  for (const path of segmentsOf(files)) {
    for (const frame of framesOf(files.bytes(path))) {
      links.set(`${laneOf(path)}/${textOf(frame).number}`, nextLink(frame).toString('hex'))
    }
  }
  return links
}

/** Whether an event that an anchored checkpoint covers is another one, though nothing was found. */
async function isFooled(before: MemoryFiles, now: MemoryFiles): Promise<boolean> {
  const anchored = pathsOf(before, /checkpoints\/\d\d\.jsonl$/).map(path => before.bytes(path))
  const files = now.copy()
  files.put('anchor.jsonl', Buffer.concat(anchored))
  const compared = await compareAnchored({ files, folder: 'journal' }, 'anchor.jsonl').catch(() => undefined)
  if (compared?.whole !== true) return false
  const covered = new Map<string, number>()
  for (const [, lane = '', last] of Buffer.concat(anchored)
    .toString()
    .matchAll(/"lane":(\d+),.*"last":(\d+)/g)) {
    covered.set(lane.padStart(2, '0'), Number(last))
  }
  const links = linksOf(now)
  return [...linksOf(before)].some(([name, link]) => {
    const [lane = '', number] = name.split('/')
    return Number(number) <= (covered.get(lane) ?? 0) && (links.get(name) ?? link) !== link
  })
}

describe('a journal that somebody tampers with in several ways at once', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-tampering-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('is whole for both verifiers or for none, and never with other events than those that were anchored', async () => {
    const expected: boolean[] = []
    const told: string[] = []
    let disk = await journal()
    for (let round = 0; round < ROUNDS; round++) {
      if (round % 12 === 0) disk = await journal()
      const files = disk.files.copy()
      const attacks = Array.from({ length: below(4) }, () => pick(Object.keys(ATTACKS)))
      for (const attack of attacks) if (segmentsOf(files).length > 0) ATTACKS[attack]?.(files)
      const { whole, lanes } = await verifyJournal({ files, folder: 'journal' }, disk.keys)
      const reasons = lanes.flatMap(({ break: broken }) => broken?.reason ?? []).join('; ')
      told.push(`${round}: ${attacks.join(', ')}: ${reasons}`)
      if (attacks.length === 0) assert.ok(whole, told[round])
      if (whole) assert.equal(await isFooled(disk.files, files), false, told[round])
      expected.push(whole)
      for (const [path, { bytes }] of files.contents) {
        const target = join(folder, String(round), path.replace('journal/', ''))
        mkdirSync(dirname(target), { recursive: true })
        writeFileSync(target, bytes)
      }
    }
    const keys = join(folder, 'public.pem')
    writeFileSync(keys, writePublicKeys(disk.keys))
    const folders = expected.map((_, round) => join(folder, String(round)))
    const { stdout, stderr } = await execute(python(), [VERIFIER, keys, ...folders])
    assert.equal(stderr, '')
    const broken = new Set([...stdout.matchAll(/^(.*): lane \d\d broken:/gm)].map(([, path]) => path))
    for (const [round, whole] of expected.entries()) {
      assert.equal(!broken.has(folders[round]), whole, told[round])
    }
    const count = expected.filter(whole => whole).length
    assert.ok(count > ROUNDS / 8 && count < ROUNDS / 2, `${count} were whole`)
  })
})
