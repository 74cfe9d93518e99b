/** Small calls and large transfers over every path, in one run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execute, ROOT } from '../test/harness/process.ts'
import { type RawHeader, type SignedRaw, signRaw } from '../test/harness/raw-client.ts'
import { type LoadResult, load } from './load.ts'
import { cpuSeconds, peakMib } from './process-cost.ts'
import type { Path } from './setting.ts'

export interface LoadRow extends LoadResult {
  readonly path: string
  readonly connections: number
  /** Processor time of what stands in between, µs for each request; undefined for the straight way. */
  readonly cpuUs: number | undefined
}

export interface TransferRow {
  readonly path: string
  readonly direction: 'download' | 'upload'
  readonly seconds: number
  /** Highest resident set since its start of what stands in between, MiB. */
  readonly peakMib: number | undefined
}

/** A small call to DynamoDB. */
export interface SmallCall {
  readonly operation: string
  readonly body: string
}

const GET_ITEM: SmallCall = {
  operation: 'GetItem',
  body: JSON.stringify({ TableName: 'jobs', Key: { id: { S: '42' } } }),
}
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
export const GIB: number = 1 << 30

/** The call, signed. */
export function signSmallCall(path: Path, { operation, body }: SmallCall): SignedRaw {
  const headers: readonly RawHeader[] = [
    ['x-amz-target', `DynamoDB_20120810.${operation}`],
    ['content-type', 'application/x-amz-json-1.0'],
  ]
  return signRaw(
    { method: 'POST', target: '/', headers, body },
    { credentials: path.credentials, service: 'dynamodb', host: new URL(path.endpoint).host },
  )
}

/** A small DynamoDB call over one path, again and again: the same bytes, as a signature holds for a while. */
export async function loadRow(
  path: Path,
  connections: number,
  seconds: number,
  call: SmallCall = GET_ITEM,
): Promise<LoadRow> {
  const headers = signSmallCall(path, call).headers.filter(([name]) => name !== 'host')
  const before = path.pid === undefined ? 0 : cpuSeconds(path.pid)
  const result = await load(`${path.endpoint}/`, { headers, body: call.body }, connections, seconds)
  // What is measured must be what is said; but a slow machine fails nothing.
  if (result.refused > 0) throw new Error(`${path.name} refused ${result.refused} calls`)
  if (result.broken > 0) console.log(`${result.broken} connections broke over ${path.name}`)
  const spent = path.pid === undefined ? undefined : cpuSeconds(path.pid) - before
  const cpuUs = spent === undefined ? undefined : (spent * 1e6) / (result.requestsPerSecond * seconds)
  return { ...result, path: path.name, connections, cpuUs }
}

/** The middle one of some runs, by requests a second. */
export async function medianRow(
  path: Path,
  connections: number,
  seconds: number,
  runs: number,
  call: SmallCall = GET_ITEM,
): Promise<LoadRow> {
  const rows: LoadRow[] = []
  for (let run = 0; run < runs; run++) rows.push(await loadRow(path, connections, seconds, call))
  rows.sort((a, b) => a.requestsPerSecond - b.requestsPerSecond)
  const middle = rows[rows.length >> 1]
  if (middle === undefined) throw new Error('a benchmark without a run')
  return middle
}

/** One large object up or down over one path. */
export async function transferRow(
  path: Path,
  direction: 'download' | 'upload',
  bytes: number,
): Promise<TransferRow> {
  const seconds = await transfer(path, direction === 'upload', bytes)
  return {
    path: path.name,
    direction,
    seconds,
    peakMib: path.pid === undefined ? undefined : peakMib(path.pid),
  }
}

async function transfer(path: Path, upload: boolean, bytes: number): Promise<number> {
  const target = `/bucket/${upload ? 'upload' : bytes}`
  const signed = signRaw(
    { method: upload ? 'PUT' : 'GET', target },
    {
      credentials: path.credentials,
      service: 's3',
      host: new URL(path.endpoint).host,
      payloadHash: upload ? 'UNSIGNED-PAYLOAD' : EMPTY_SHA256,
    },
  )
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-transfer-'))
  const file = join(folder, 'request.json')
  const headers = {
    ...Object.fromEntries(signed.headers),
    ...(upload ? { 'content-length': String(bytes) } : {}),
  }
  const request = {
    url: path.endpoint + target,
    method: signed.method,
    headers,
    bytes: upload ? bytes : 0,
  }
  writeFileSync(file, JSON.stringify(request))
  const done = await execute(process.execPath, [join(ROOT, 'bench/transfer.ts'), file])
  rmSync(folder, { recursive: true, force: true })
  const answer = JSON.parse(done.stdout || '{}') as { status?: number; received?: number; seconds?: number }
  if (answer.status !== 200 || answer.seconds === undefined || (!upload && answer.received !== bytes)) {
    throw new Error(`a transfer over ${path.name}: ${done.stdout}${done.stderr}`)
  }
  return answer.seconds
}
