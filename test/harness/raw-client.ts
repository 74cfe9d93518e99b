/**
 * A client that sends exactly the bytes that a test wants, with a SigV4 signer of its own: written from the
 * specification and shared with nothing in `src/`, so that it can be wrong in all the ways an attacker is.
 */
import { createHash, createHmac } from 'node:crypto'
import { connect } from 'node:net'

export interface RawCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

export type RawHeader = readonly [name: string, value: string]

export interface RawRequest {
  readonly method: string
  readonly target: string
  /** Without `host`, the date, the token and the signature, which signing adds. */
  readonly headers?: readonly RawHeader[]
  readonly body?: string | Buffer
}

export interface RawSigning {
  readonly credentials: RawCredentials
  readonly service: string
  readonly region?: string
  readonly host: string
  readonly timeMs?: number
  /** Default: all headers. */
  readonly signedHeaders?: readonly string[]
  /** Default: the hash of the body. */
  readonly payloadHash?: string
  /** Whether `x-amz-content-sha256` is sent; default: for S3. */
  readonly sendHash?: boolean
}

export interface SignedRaw extends RawRequest {
  readonly headers: readonly RawHeader[]
  readonly signature: string
  readonly timestamp: string
  readonly signingKey: Buffer
  readonly scope: string
}

export interface RawReply {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest()
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** Signs in the `Authorization` header, as SigV4's specification has it. */
export function signRaw(request: RawRequest, signing: RawSigning): SignedRaw {
  const { credentials, service, region = 'us-east-1' } = signing
  const timestamp = new Date(signing.timeMs ?? Date.now()).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const payloadHash = signing.payloadHash ?? sha256(request.body ?? '')
  const headers: RawHeader[] = [
    ['host', signing.host],
    ...(request.headers ?? []),
    ['x-amz-date', timestamp],
    ['x-amz-security-token', credentials.sessionToken],
  ]
  if (signing.sendHash ?? service === 's3') headers.push(['x-amz-content-sha256', payloadHash])
  const names = [...new Set(signing.signedHeaders ?? headers.map(([name]) => name.toLowerCase()))].sort()
  const scope = `${timestamp.slice(0, 8)}/${region}/${service}/aws4_request`
  const canonical = [
    request.method,
    canonicalPath(request.target, service),
    canonicalQuery(request.target),
    ...names.map(name => `${name}:${valuesOf(headers, name)}`),
    '',
    names.join(';'),
    payloadHash,
  ].join('\n')
  const text = ['AWS4-HMAC-SHA256', timestamp, scope, sha256(canonical)].join('\n')
  const signingKey = scope
    .split('/')
    .reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`) as Buffer
  const signature = hmac(signingKey, text).toString('hex')
  headers.push([
    'authorization',
    `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  ])
  return { ...request, headers, signature, timestamp, signingKey, scope }
}

function canonicalPath(target: string, service: string): string {
  const path = target.split('?')[0] ?? '/'
  return service === 's3' ? path : path.split('/').map(encode).join('/')
}

function canonicalQuery(target: string): string {
  const query = target.split('?')[1]
  if (!query) return ''
  const pairs = query.split('&').map(pair => {
    const [name = '', ...rest] = pair.split('=')
    return `${encode(decodeURIComponent(name))}=${encode(decodeURIComponent(rest.join('=')))}`
  })
  return pairs.sort().join('&')
}

function valuesOf(headers: readonly RawHeader[], name: string): string {
  return headers
    .filter(([header]) => header.toLowerCase() === name)
    .map(([, value]) => value.trim().replace(/ +/g, ' '))
    .join(',')
}

/** The request as bytes; `content-length` is added where the headers say nothing of a length. */
export function rawBytes(request: RawRequest): Buffer {
  const body = Buffer.from(request.body ?? '')
  const headers = [...(request.headers ?? [])]
  const framed = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
  if (!framed && (body.length > 0 || request.method !== 'GET'))
    headers.push(['content-length', String(body.length)])
  const head = [`${request.method} ${request.target} HTTP/1.1`, ...headers.map(([n, v]) => `${n}: ${v}`)]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}

/** Sends bytes and reads until the reply is complete or the connection ends. */
export function sendRaw(endpoint: string, bytes: Buffer): Promise<RawReply> {
  const { hostname, port } = new URL(endpoint)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    let received = Buffer.alloc(0)
    const finish = (): void => {
      socket.destroy()
      const reply = parseReply(received, true)
      if (reply) resolve(reply)
      else reject(new Error(`no reply, but: ${received.toString('latin1').slice(0, 200)}`))
    }
    socket.setTimeout(30_000, finish)
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      const reply = parseReply(received, false)
      if (reply) finish()
    })
    socket.on('error', error => (received.length > 0 ? finish() : reject(error)))
    socket.on('close', finish)
    socket.write(bytes)
  })
}

function parseReply(bytes: Buffer, ended: boolean): RawReply | undefined {
  let rest = bytes
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const [statusLine = '', ...lines] = rest.toString('latin1', 0, end).split('\r\n')
    const status = Number(statusLine.split(' ')[1])
    rest = rest.subarray(end + 4)
    if (status === 100) continue
    const headers = new Map(
      lines.map(line => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    )
    const length = headers.get('content-length')
    const whole = length !== undefined && rest.length >= Number(length)
    const chunkedEnd = headers.get('transfer-encoding') === 'chunked' && rest.includes('0\r\n\r\n')
    return whole || chunkedEnd || ended ? { status, headers, body: rest.toString() } : undefined
  }
}

/** Exchanges an identity token at the gate's STS, as an SDK would. */
export async function assumeRaw(endpoint: string, roleArn: string, token: string): Promise<RawCredentials> {
  const reply = await fetch(endpoint, {
    method: 'POST',
    body: new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: roleArn,
      RoleSessionName: 'raw-client',
      WebIdentityToken: token,
    }),
  })
  const xml = await reply.text()
  const member = (name: string): string => {
    const value = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1]
    if (value === undefined) throw new Error(`no ${name} in ${reply.status} ${xml}`)
    return value
  }
  return {
    accessKeyId: member('AccessKeyId'),
    secretAccessKey: member('SecretAccessKey'),
    sessionToken: member('SessionToken'),
  }
}
