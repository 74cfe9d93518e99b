import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ISSUER_URL, startGate } from '../test/harness/gate.ts'
import { createIssuer } from '../test/harness/issuer.ts'
import { ROOT, type Running, start } from '../test/harness/process.ts'
import { assumeRaw, type RawCredentials } from '../test/harness/raw-client.ts'

/** One way from the client to the upstream. */
export interface Path {
  readonly name: string
  readonly endpoint: string
  /** What stands in between; undefined for the straight way. */
  readonly pid: number | undefined
  readonly credentials: RawCredentials
}

/** What stands between client and upstream in a benchmark. */
export interface Setting {
  readonly paths: readonly Path[]
  /** Where the upstream itself is. */
  readonly upstream: string
  /** From the start of the gate's process to its `listening`, of each gate in turn, ms. */
  readonly startUpMs: readonly number[]
  stop(): Promise<void>
}

const ROLE = 'arn:aws:iam::123456789012:role/bench'
/** Whom nobody asks: the straight way and the plain proxies carry them unread. */
const UNREAD: RawCredentials = {
  accessKeyId: 'AKIAUNREAD',
  secretAccessKey: 'unread',
  sessionToken: 'unread',
}
const STATEMENTS = 50

/** Fifty statements, of which one allows what the benchmark asks; and more, where a benchmark has them. */
export function policy(more: readonly object[] = []): object {
  const statement = (index: number): object => ({
    Sid: `Table${index}`,
    Effect: 'Allow',
    Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 's3:GetObject', 's3:PutObject'],
    Resource: [
      `arn:aws:dynamodb:*:*:table/${index === STATEMENTS - 1 ? 'jobs' : `t${index}`}`,
      `arn:aws:s3:::${index === STATEMENTS - 1 ? 'bucket' : `b${index}`}/*`,
    ],
  })
  return {
    Version: '2012-10-17',
    Statement: [...Array.from({ length: STATEMENTS }, (_, index) => statement(index)), ...more],
  }
}

/**
 * Starts the upstream, the plain proxies (nginx where there is one), and a gate for each number of workers.
 * The gates run as their users run them: every check on, decisions durable before a byte leaves.
 */
export async function openSetting(workers: readonly number[], nginx: string | undefined): Promise<Setting> {
  const running: Running[] = []
  const stub = start(process.execPath, [join(ROOT, 'bench/stub.ts')])
  running.push(stub)
  const upstream = `http://127.0.0.1:${(await stub.printed(/^(\d+)$/m))[1]}`
  const paths: Path[] = [{ name: 'straight', endpoint: upstream, pid: undefined, credentials: UNREAD }]
  if (nginx !== undefined) {
    const proxy = await startNginx(nginx, new URL(upstream).host)
    running.push(proxy.running)
    paths.push({ ...proxy, name: 'nginx', pid: proxy.running.child.pid, credentials: UNREAD })
  }
  const bare = start(process.execPath, [join(ROOT, 'bench/bare-proxy.ts'), upstream])
  running.push(bare)
  const endpoint = `http://127.0.0.1:${(await bare.printed(/^(\d+)$/m))[1]}`
  paths.push({ name: 'bare node proxy', endpoint, pid: bare.child.pid, credentials: UNREAD })
  const gates: OpenGate[] = []
  for (const count of workers) gates.push(await openGate(upstream, count))
  return {
    paths: [...paths, ...gates.map(({ path }) => path)],
    upstream,
    startUpMs: gates.map(({ startUpMs }) => startUpMs),
    async stop() {
      for (const { stop } of gates) await stop()
      for (const each of running) await each.stop()
    },
  }
}

interface OpenGate {
  readonly path: Path
  readonly startUpMs: number
  stop(): Promise<void>
}

async function openGate(upstream: string, workers: number): Promise<OpenGate> {
  const issuer = await createIssuer(ISSUER_URL)
  const began = performance.now()
  const gate = await startGate({
    issuer,
    roles: [{ arn: ROLE, policies: [policy()], upstream: { assume: false, credentials: 'environment' } }],
    upstream,
    env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'bench' },
    config: { workers },
  })
  const startUpMs = performance.now() - began
  const credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('bench'))
  const name = `gate, ${workers} worker${workers === 1 ? '' : 's'}`
  const path: Path = { name, endpoint: gate.endpoint, pid: gate.running.child.pid, credentials }
  return { path, startUpMs, stop: () => gate.stop() }
}

/** nginx as a plain reverse proxy with one worker: the bound. */
async function startNginx(nginx: string, upstream: string): Promise<{ running: Running; endpoint: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-nginx-'))
  const port = 20_000 + Math.floor(Math.random() * 10_000)
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
  upstream stub { server ${upstream}; keepalive 256; keepalive_requests 1000000; }
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
  try {
    for (let tries = 0; tries < 50; tries++) {
      const up = await fetch(endpoint).then(
        () => true,
        () => false,
      )
      if (up) return { running, endpoint }
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    throw new Error(`nginx did not start: ${running.output()}`)
  } finally {
    // It has read its configuration, and streams what it passes.
    rmSync(join(folder, 'nginx.conf'), { force: true })
  }
}
