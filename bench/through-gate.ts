/** Requests and transfers straight, through nginx, and through the gate, in one run. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ISSUER_URL, type RunningGate, startGate } from '../test/harness/gate.ts'
import { createIssuer } from '../test/harness/issuer.ts'
import { execute, ROOT, type Running, start, which } from '../test/harness/process.ts'
import { assumeRaw, type RawCredentials, type RawHeader, signRaw } from '../test/harness/raw-client.ts'
import { type LoadResult, load } from './load.ts'

export interface Path {
  readonly name: string
  readonly endpoint: string
}

export interface LoadRow {
  readonly path: string
  readonly connections: number
  readonly result: LoadResult
}

export interface TransferRow {
  readonly path: string
  readonly direction: 'download' | 'upload'
  readonly bytes: number
  readonly seconds: number
  /** Resident set of the gate after the transfer, at its highest since its start, MiB. */
  readonly peakMib?: number
}

/** What stands between client and upstream in a benchmark. */
export interface Setting {
  readonly stub: Running
  readonly nginx: Running | undefined
  readonly gate: RunningGate
  readonly credentials: RawCredentials
  readonly paths: readonly Path[]
  stop(): Promise<void>
}

const ROLE = 'arn:aws:iam::123456789012:role/bench'
const HEADERS: readonly RawHeader[] = [
  ['x-amz-target', 'DynamoDB_20120810.GetItem'],
  ['content-type', 'application/x-amz-json-1.0'],
]
const BODY = JSON.stringify({ TableName: 'jobs', Key: { id: { S: '42' } } })
export const GIB: number = 1 << 30

/** Fifty statements, of which one allows what the benchmark asks. */
function policy(): object {
  const statement = (index: number): object => ({
    Sid: `Table${index}`,
    Effect: 'Allow',
    Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 's3:GetObject', 's3:PutObject'],
    Resource: [
      `arn:aws:dynamodb:*:*:table/${index === 49 ? 'jobs' : `t${index}`}`,
      `arn:aws:s3:::${index === 49 ? 'bucket' : `b${index}`}/*`,
    ],
  })
  return { Version: '2012-10-17', Statement: Array.from({ length: 50 }, (_, index) => statement(index)) }
}

export async function openSetting(workers: number): Promise<Setting> {
  const stub = start(process.execPath, [join(ROOT, 'bench/stub.ts')])
  const [, port] = await stub.printed(/^(\d+)$/m)
  const upstream = `http://127.0.0.1:${port}`
  const issuer = await createIssuer(ISSUER_URL)
  const gate = await startGate({
    issuer,
    roles: [{ arn: ROLE, policies: [policy()], upstream: { assume: false, credentials: 'environment' } }],
    upstream,
    env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'bench' },
    config: { workers },
  })
  const credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('bench'))
  const nginx = await startNginx(Number(port))
  const paths = [
    { name: 'straight', endpoint: upstream },
    ...(nginx ? [{ name: 'nginx', endpoint: nginx.endpoint }] : []),
    { name: 'gate', endpoint: gate.endpoint },
  ]
  return {
    stub,
    nginx: nginx?.running,
    gate,
    credentials,
    paths,
    async stop() {
      await gate.stop()
      await nginx?.running.stop('SIGKILL')
      await stub.stop('SIGKILL')
    },
  }
}

/** nginx as a plain reverse proxy with one worker: the bound. */
async function startNginx(upstreamPort: number): Promise<{ running: Running; endpoint: string } | undefined> {
  const nginx = which('nginx') ?? which('../../usr/sbin/nginx')
  if (nginx === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-nginx-'))
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  const configuration = `
worker_processes 1;
daemon off;
error_log stderr error;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  client_max_body_size 0;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  keepalive_requests 1000000;
  upstream stub { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://stub;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_request_buffering off;
      proxy_buffering off;
    }
  }
}`
  writeFileSync(join(folder, 'nginx.conf'), configuration)
  const running = start(nginx, ['-c', join(folder, 'nginx.conf'), '-e', 'stderr', '-p', folder])
  const endpoint = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 50; tries++) {
    const up = await fetch(endpoint).then(
      () => true,
      () => false,
    )
    if (up) return { running, endpoint }
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  rmSync(folder, { recursive: true, force: true })
  throw new Error(`nginx did not start: ${running.output()}`)
}

/** A small JSON call over each path, at each number of connections. */
export async function loadRows(
  setting: Setting,
  connections: readonly number[],
  seconds: number,
): Promise<LoadRow[]> {
  const rows: LoadRow[] = []
  for (const count of connections) {
    for (const path of setting.paths) {
      const host = new URL(path.endpoint).host
      const signed = signRaw(
        { method: 'POST', target: '/', headers: HEADERS, body: BODY },
        { credentials: setting.credentials, service: 'dynamodb', host },
      )
      const headers = signed.headers.filter(([name]) => name !== 'host')
      const result = await load(`${path.endpoint}/`, { headers, body: BODY }, count, seconds)
      rows.push({ path: path.name, connections: count, result })
    }
  }
  return rows
}

/** 1 GiB up and down over each path. */
export async function transferRows(setting: Setting, bytes: number): Promise<TransferRow[]> {
  const rows: TransferRow[] = []
  for (const direction of ['download', 'upload'] as const) {
    for (const path of setting.paths) {
      const seconds = await transfer(setting, path, direction, bytes)
      const peakMib = path.name === 'gate' ? peakOf(setting.gate.running.child.pid ?? 0) : undefined
      rows.push({ path: path.name, direction, bytes, seconds, ...(peakMib === undefined ? {} : { peakMib }) })
    }
  }
  return rows
}

async function transfer(
  setting: Setting,
  path: Path,
  direction: 'download' | 'upload',
  bytes: number,
): Promise<number> {
  const upload = direction === 'upload'
  const target = `/bucket/${upload ? 'upload' : bytes}`
  const signed = signRaw(
    { method: upload ? 'PUT' : 'GET', target },
    {
      credentials: setting.credentials,
      service: 's3',
      host: new URL(path.endpoint).host,
      payloadHash: upload
        ? 'UNSIGNED-PAYLOAD'
        : 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    },
  )
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-transfer-'))
  const file = join(folder, 'request.json')
  const headers = {
    ...Object.fromEntries(signed.headers),
    ...(upload ? { 'content-length': String(bytes) } : {}),
  }
  const sent = upload ? bytes : 0
  writeFileSync(
    file,
    JSON.stringify({ url: path.endpoint + target, method: signed.method, headers, bytes: sent }),
  )
  const done = await execute(process.execPath, [join(ROOT, 'bench/transfer.ts'), file])
  rmSync(folder, { recursive: true, force: true })
  const answer = JSON.parse(done.stdout || '{}') as { status?: number; received?: number; seconds?: number }
  if (answer.status !== 200 || answer.seconds === undefined || (!upload && answer.received !== bytes)) {
    throw new Error(`${direction} over ${path.name}: ${done.stdout}${done.stderr}`)
  }
  return answer.seconds
}

/** Highest resident set of a process, MiB; undefined where the system does not tell. */
function peakOf(pid: number): number | undefined {
  try {
    const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kib === undefined ? undefined : Math.round(Number(kib) / 1024)
  } catch {
    return undefined
  }
}
