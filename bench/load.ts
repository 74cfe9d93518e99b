import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execute } from '../test/harness/process.ts'
import type { RawHeader } from '../test/harness/raw-client.ts'

/** What one run of the load generator saw. */
export interface LoadResult {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Replies other than 2xx and 3xx. */
  readonly refused: number
  /** Connections that broke or waited too long: of a machine that is too busy. */
  readonly broken: number
}

export interface LoadRequest {
  readonly headers: readonly RawHeader[]
  readonly body: string
}

/** Sends the same request over and over with wrk: one thread, so that the machine is left to the server. */
export async function load(
  url: string,
  request: LoadRequest,
  connections: number,
  seconds: number,
): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const script = join(folder, 'request.lua')
  writeFileSync(script, lua(request))
  try {
    const args = [
      '-t1',
      `-c${connections}`,
      `-d${seconds}s`,
      '--latency',
      '--timeout',
      '30s',
      '-s',
      script,
      url,
    ]
    const done = await execute('wrk', args)
    if (done.code !== 0) throw new Error(`wrk: ${done.stderr}${done.stdout}`)
    return parse(done.stdout)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The request as wrk's script, which reports its numbers in a line of our own. */
function lua({ headers, body }: LoadRequest): string {
  const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`
  return [
    'wrk.method = "POST"',
    `wrk.body = ${quoted(body)}`,
    ...headers.map(([name, value]) => `wrk.headers[${quoted(name)}] = ${quoted(value)}`),
    'function done(summary, latency, requests)',
    '  local e = summary.errors',
    '  io.write(string.format("RESULT %f %f %f %d %d\\n", summary.requests / (summary.duration / 1e6),',
    '    latency:percentile(50) / 1000, latency:percentile(99) / 1000,',
    '    e.status, e.connect + e.read + e.write + e.timeout))',
    'end',
  ].join('\n')
}

function parse(output: string): LoadResult {
  const match = /RESULT (\S+) (\S+) (\S+) (\d+) (\d+)/.exec(output)
  if (!match) throw new Error(`wrk printed no result: ${output}`)
  const [requestsPerSecond = 0, p50Ms = 0, p99Ms = 0, refused = 0, broken = 0] = match.slice(1).map(Number)
  return { requestsPerSecond, p50Ms, p99Ms, refused, broken }
}
