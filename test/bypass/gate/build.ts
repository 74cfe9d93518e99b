import { createHash, createHmac } from 'node:crypto'
import {
  type RawCredentials,
  type RawHeader,
  type RawRequest,
  rawBytes,
  type SignedRaw,
  signRaw,
} from '../../harness/raw-client.ts'
import type { Attack, Holder } from './attack.ts'
import { announcedLength, encodeChunks, payloadHashOf } from './chunks.ts'

/** What the attackers of a run hold. */
export interface Stage {
  /** `127.0.0.1:PORT` of the gate. */
  readonly host: string
  readonly credentials: Readonly<Record<Holder, RawCredentials>>
}

/** The bytes that the attacker sends. */
export function bytesOf(attack: Attack, stage: Stage): Buffer {
  const fill = filler(attack, stage)
  const request: RawRequest = {
    method: attack.request.method,
    target: fill(attack.request.target),
    headers: (attack.request.headers ?? []).map(([name, value]): RawHeader => [name, fill(value)]),
    body: fill(attack.request.body ?? ''),
  }
  const host = fill(attack.request.host ?? stage.host)
  let text = rawBytes(signed(attack, request, host, stage)).toString('latin1')
  for (const [from, to] of attack.after ?? []) {
    const found = fill(from)
    if (!text.includes(found)) throw new Error(`nothing to replace: ${JSON.stringify(found)} in ${text}`)
    text = text.replace(found, () => fill(to))
  }
  return Buffer.from(text + fill(attack.then ?? ''), 'latin1')
}

function filler(attack: Attack, stage: Stage): (text: string) => string {
  const own = stage.credentials[attack.role ?? 'all']
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
  const values: Record<string, string> = {
    host: stage.host,
    accessKeyId: own.accessKeyId,
    token: encodeURIComponent(own.sessionToken),
    date,
    day: date.slice(0, 8),
    length: String(Buffer.byteLength(attack.request.body ?? '')),
  }
  return text => text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
}

function signed(attack: Attack, request: RawRequest, host: string, stage: Stage): RawRequest {
  const { sign = {}, chunks, service } = attack
  const credentials = credentialsOf(attack, stage)
  const timeMs = Date.now() + (sign.offsetS ?? 0) * 1000
  if (sign.form === 'none') return { ...request, headers: [['host', host], ...(request.headers ?? [])] }
  if (sign.form === 'presigned') return presigned(attack, request, host, credentials, timeMs)
  const options = {
    credentials,
    service,
    host,
    timeMs,
    ...(attack.region === undefined ? {} : { region: attack.region }),
    ...(sign.signedHeaders === undefined ? {} : { signedHeaders: sign.signedHeaders }),
    ...(sign.payloadHash === undefined ? {} : { payloadHash: sign.payloadHash }),
    ...(sign.sendHash === undefined ? {} : { sendHash: sign.sendHash }),
  }
  if (chunks === undefined) return signRaw(request, options)
  const headers: RawHeader[] = [
    ...(request.headers ?? []),
    ...(chunks.encoding === false ? [] : [['content-encoding', 'aws-chunked'] as const]),
    ['x-amz-decoded-content-length', String(announcedLength(chunks))],
    ['content-length', String(Buffer.byteLength(encodeChunks(chunks)))],
    ...(chunks.trailer === undefined ? [] : [['x-amz-trailer', 'x-amz-checksum-crc32'] as const]),
  ]
  const head: SignedRaw = signRaw(
    { ...request, headers },
    { ...options, payloadHash: payloadHashOf(chunks), sendHash: true },
  )
  return { ...head, body: encodeChunks(chunks, head) }
}

function credentialsOf({ role = 'all', sign = {} }: Attack, stage: Stage): RawCredentials {
  const own = stage.credentials[role]
  const part = (wanted: string | undefined, name: keyof RawCredentials): string => {
    if (wanted === undefined) return own[name]
    return wanted in stage.credentials ? stage.credentials[wanted as Holder][name] : wanted
  }
  return {
    accessKeyId: part(sign.accessKeyId, 'accessKeyId'),
    secretAccessKey: part(sign.secretAccessKey, 'secretAccessKey'),
    sessionToken: part(sign.sessionToken, 'sessionToken'),
  }
}

/** The signature in the query. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
function presigned(
  { service, region = 'us-east-1', sign = {} }: Attack,
  request: RawRequest,
  host: string,
  credentials: RawCredentials,
  timeMs: number,
): RawRequest {
  const timestamp = new Date(timeMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = `${timestamp.slice(0, 8)}/${region}/${service}/aws4_request`
  const headers: RawHeader[] = [['host', host], ...(request.headers ?? [])]
  const names = [...(sign.signedHeaders ?? headers.map(([name]) => name.toLowerCase()))].sort()
  const [path = '/', own] = request.target.split('?')
  const query = [
    ...(own === undefined ? [] : own.split('&').map(pair => (pair.includes('=') ? pair : `${pair}=`))),
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(`${credentials.accessKeyId}/${scope}`)}`,
    `X-Amz-Date=${timestamp}`,
    `X-Amz-Expires=${sign.expiresS ?? 300}`,
    `X-Amz-Security-Token=${encodeURIComponent(credentials.sessionToken)}`,
    `X-Amz-SignedHeaders=${encodeURIComponent(names.join(';'))}`,
  ].sort()
  const canonical = [
    request.method,
    path,
    query.join('&'),
    ...names.map(name => `${name}:${headers.find(([header]) => header.toLowerCase() === name)?.[1] ?? ''}`),
    '',
    names.join(';'),
    sign.payloadHash ?? 'UNSIGNED-PAYLOAD',
  ].join('\n')
  const text = [
    'AWS4-HMAC-SHA256',
    timestamp,
    scope,
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n')
  const key = scope
    .split('/')
    .reduce<string | Buffer>(
      (before, part) => createHmac('sha256', before).update(part).digest(),
      `AWS4${credentials.secretAccessKey}`,
    )
  const signature = createHmac('sha256', key).update(text).digest('hex')
  return { ...request, target: `${path}?${query.join('&')}&X-Amz-Signature=${signature}`, headers }
}
