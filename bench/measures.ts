import { join } from 'node:path'
import { execute, ROOT } from '../test/harness/process.ts'

/** A row of the second table: what was measured, and what came out. */
export type Measure = readonly [what: string, result: string]

/** The rooms by themselves, each in a process of its own, with nothing else running. */
export async function roomMeasures(quick: boolean): Promise<Measure[]> {
  const brief = quick ? ['--quick'] : []
  const seconds = quick ? 0.5 : 2
  return [
    ...(await policyMeasures()),
    ...(await sigv4Measures()),
    ...(await journalMeasures(seconds)),
    ...(await catalogMeasures()),
    ...(await maskMeasures(brief)),
    ...(await storeRows(seconds)),
    ...(await approvalMeasures(seconds)),
    ...(await indexRows(quick)),
  ]
}

/** `BENCH_EVENTS=10000000` measures what the book promises of ten million; it takes some minutes and 8 GB. */
async function indexRows(quick: boolean): Promise<Measure[]> {
  const events = process.env['BENCH_EVENTS'] ?? (quick ? '100000' : '1000000')
  const output = `${await run('bench/index.ts', events, '--rows')}${await run('bench/replay.ts', events)}`
  const rows = all(output, /^(.+)\t(.+)$/)
  return rows.map(([, what, result]) => [what ?? '', result ?? ''])
}

async function policyMeasures(): Promise<Measure[]> {
  const output = await run('bench/policy.ts')
  return all(output, /^(\d+) statement\(s\): ([\d,]+) decisions/).map(([, statements, rate]) => [
    `Decisions/s, ${statements} statement${statements === '1' ? '' : 's'}`,
    rate ?? '',
  ])
}

async function sigv4Measures(): Promise<Measure[]> {
  const output = await run('bench/sigv4.ts')
  const names = new Map([
    [
      'dynamodb: verify (key cached, body hashed)',
      'SigV4 verifications/s (small call, key cached, body hashed)',
    ],
    ['dynamodb: sign', 'SigV4 signatures/s (small call)'],
    ['dynamodb: all four', 'Read the head, read the signature, verify and sign anew, /s'],
  ])
  const rows = all(output, /^(.+?) {2,}([\d.]+) µs +([\d,]+)\/s$/)
  return rows.flatMap(([, name, us, rate]) => {
    const shown = names.get(name ?? '')
    return shown === undefined ? [] : [[shown, `${rate} (${us} µs)`] as const]
  })
}

async function journalMeasures(seconds: number): Promise<Measure[]> {
  const output = await run('bench/journal.ts', String(seconds))
  const disk = /^disk alone: (\d+) writes/m.exec(output)?.[1] ?? ''
  const rows = all(output, /^fsync +(\d+) at a time +(\d+)\/s +p50 ([\d.]+) ms +p99 ([\d.]+) ms/)
  const verified = /^verify: (\d+) events\/s/m.exec(output)?.[1] ?? ''
  return [
    ['This disk alone: writes of 900 bytes with fdatasync, /s', grouped(disk)],
    ...rows.map(
      ([, clients, rate, p50, p99]): Measure => [
        `Durable journal events/s, ${clients} waiting at a time`,
        `${grouped(rate)} (p50 ${p50} ms, p99 ${p99} ms)`,
      ],
    ),
    ['Journal events verified/s (`sallyport sessions verify`)', grouped(verified)],
  ]
}

async function catalogMeasures(): Promise<Measure[]> {
  const output = await run('bench/catalog.ts')
  const [, ms, mib] = /^catalog: ([\d.]+) ms, ([\d.]+) MiB/m.exec(output) ?? []
  const shapes = all(output, /^shapes of (\S+): ([\d.]+) ms/)
  return [
    ['Catalog: what routes a request, loaded', `${ms} ms, ${mib} MiB of heap`],
    [
      'Catalog: shapes of a service, when first used',
      shapes.map(([, id, took]) => `${id} ${took} ms`).join(', '),
    ],
  ]
}

/** Detection, S3 objects, replies, and what a call pays whose reply passes as it is. */
async function maskMeasures(brief: readonly string[]): Promise<Measure[]> {
  const detected = all(await run('bench/detect.ts', ...brief), /^detect (.+): (\d.+)$/)
  const objects = all(await run('bench/mask-objects.ts', ...brief), /^mask object, (.+): (\d.+)$/)
  const replies = all(await run('bench/mask-replies.ts', ...brief), /^(small|large) (.+): (by field .+)$/)
  const decided = all(await run('bench/mask-decisions.ts', ...brief), /^decided (.+): (alone .+)$/)
  return [
    ...detected.map(([, what, result]): Measure => [`Detecting in ${what}`, result ?? '']),
    ...objects.map(([, what, result]): Measure => [`Masking an S3 object: ${what}`, result ?? '']),
    ...replies.map(([, size, what, result]): Measure => [`Masking a ${size} reply: ${what}`, result ?? '']),
    ...decided.map(([, what, result]): Measure => [`Deciding: ${what}`, result ?? '']),
  ]
}

async function storeRows(seconds: number): Promise<Measure[]> {
  const rows = all(await run('bench/store.ts', String(seconds)), /^(.+?) +([\d,]+(?: \(p50.+)?)$/)
  return rows.map(([, what, result]) => [what ?? '', result ?? ''])
}

async function approvalMeasures(seconds: number): Promise<Measure[]> {
  const rows = all(await run('bench/approvals.ts', String(seconds)), /^approvals (.+): (\d+)\/s (.+)$/)
  return rows.map(([, what, rate, p50]) => [
    `Approvals (asked, approved, spent)/s, ${what}`,
    `${grouped(rate)} (${p50})`,
  ])
}

async function run(file: string, ...args: string[]): Promise<string> {
  const done = await execute(process.execPath, ['--expose-gc', join(ROOT, file), ...args])
  if (done.code !== 0) throw new Error(`${file}: ${done.stderr}`)
  return done.stdout
}

function all(output: string, line: RegExp): string[][] {
  return output.split('\n').flatMap(text => {
    const match = line.exec(text)
    return match === null ? [] : [[...match]]
  })
}

function grouped(digits: string | undefined): string {
  return Number(digits ?? 0).toLocaleString('en')
}
