import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ClientCredentials } from '../cli/databases/ports.ts'
import { isLoopback, parseHttpUrl } from '../config/scalars.ts'
import { GateError } from '../core/errors.ts'
import type { NameValue } from '../core/http.ts'
import { Redacted } from '../core/redacted.ts'
import { TOKEN_MARK } from '../identity/sealed-token.ts'
import { SigningKeys } from '../wire/sigv4/keys.ts'
import { sign } from '../wire/sigv4/sign.ts'
import type { XmlElement } from '../wire/xml/element.ts'
import { readXml } from '../wire/xml/reader.ts'

type Environment = Readonly<Record<string, string | undefined>>

const TIMEOUT_MS = 15_000
const MAX_REPLY_BYTES = 64 * 1024
const REGION = 'us-east-1'
const ACCESS_KEY_ID = /^ASIA[A-Z2-7]{16}$/

/**
 * The credentials of the gate that a client has: keys of the environment, or what the gate's STS gives for its web identity token.
 * Credentials of AWS are refused: a token signed with them would open the database itself to whoever sees it. Rejects with
 * `credentials-not-gate`, `gate-unreachable`, `gate-reply-unclear`, `sts-denied`.
 */
export async function clientCredentials(
  environment: Environment,
  endpoint: string | undefined,
): Promise<ClientCredentials> {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: session } = environment
  if (id && secret) return checked(id, secret, session ?? '')
  const { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: roleArn } = environment
  if (!file || !roleArn) throw notOfTheGate('there are no credentials in the environment')
  const token = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw notOfTheGate('the file that `AWS_WEB_IDENTITY_TOKEN_FILE` names cannot be read', cause)
  })
  const parameters = new URLSearchParams({
    ...{ Action: 'AssumeRoleWithWebIdentity', Version: VERSION, RoleArn: roleArn },
    RoleSessionName: environment['AWS_ROLE_SESSION_NAME'] ?? `sallyport-${process.pid}`,
    WebIdentityToken: token.trim(),
  })
  const reply = await post(stsOf(environment, endpoint), [], parameters.toString())
  const text = (name: string): string => find(reply, name)?.text ?? ''
  const given = checked(text('AccessKeyId'), text('SecretAccessKey'), text('SessionToken'))
  return { ...given, role: roleInSession(find(reply, 'Arn')?.text) }
}

/** The name of the role of the credentials, by GetCallerIdentity. Rejects as `clientCredentials` does. */
export async function roleOfCredentials(
  environment: Environment,
  credentials: ClientCredentials,
  endpoint: string | undefined,
): Promise<string> {
  const sts = stsOf(environment, endpoint)
  const body = new URLSearchParams({ Action: 'GetCallerIdentity', Version: VERSION }).toString()
  const { headers } = sign(
    {
      ...{
        method: 'POST',
        path: '/',
        query: '',
        host: sts.host,
        headers: [FORM],
        region: REGION,
        service: 'sts',
      },
      ...{ credentials, timeMs: Date.now(), payloadHash: hash('sha256', body, 'hex') },
    },
    new SigningKeys(),
  )
  return roleInSession(find(await post(sts, headers, body), 'Arn')?.text)
}

const VERSION = '2011-06-15'
const FORM = ['content-type', 'application/x-www-form-urlencoded'] as const

function checked(accessKeyId: string, secret: string, session: string): ClientCredentials {
  if (!ACCESS_KEY_ID.test(accessKeyId) || !session.startsWith(TOKEN_MARK)) {
    throw notOfTheGate('the ones in the environment are of AWS itself, or of nobody')
  }
  return { accessKeyId, secretAccessKey: new Redacted(secret), sessionToken: new Redacted(session) }
}

/** Where the gate's STS is. There is no usual place: AWS's own is never asked. */
function stsOf(environment: Environment, endpoint: string | undefined): URL {
  const written = endpoint ?? environment['AWS_ENDPOINT_URL_STS'] ?? environment['AWS_ENDPOINT_URL']
  if (!written) {
    throw new GateError(
      'gate-unreachable',
      'nothing says where the gate is: give --endpoint, or set AWS_ENDPOINT_URL',
    )
  }
  const url = parseHttpUrl(written)
  if (url === undefined) throw new GateError('gate-unreachable', `\`${written}\` is no address of a gate`)
  const place = new URL(url)
  if (place.protocol === 'http:' && !isLoopback(place.hostname.replace(/^\[|\]$/g, ''))) {
    throw new GateError(
      'gate-unreachable',
      `\`${place.origin}\` would get the token in the clear: use \`https://\``,
    )
  }
  return place
}

async function post(sts: URL, headers: readonly NameValue[], body: string): Promise<XmlElement> {
  const reply = await fetch(new URL('/', sts), {
    method: 'POST',
    headers: [[...FORM], ...headers.map(([name, value]): [string, string] => [name, value])],
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new GateError('gate-unreachable', `the gate at \`${sts.origin}\` did not answer`, { cause })
  })
  const xml = await read(reply, sts)
  if (reply.ok) return xml
  const said = `${find(xml, 'Code')?.text}: ${find(xml, 'Message')?.text}`.slice(0, 500)
  throw new GateError('sts-denied', `the gate gives no credentials: \`${said}\``)
}

async function read(reply: Response, { origin }: URL): Promise<XmlElement> {
  try {
    const parts: Uint8Array[] = []
    let bytes = 0
    for await (const part of reply.body ?? []) {
      bytes += part.length
      if (bytes > MAX_REPLY_BYTES) throw new Error(`the reply exceeds ${MAX_REPLY_BYTES} bytes`)
      parts.push(part)
    }
    return readXml(Buffer.concat(parts))
  } catch (cause) {
    throw new GateError('gate-reply-unclear', `what \`${origin}\` answers is no answer of an STS`, { cause })
  }
}

function find(element: XmlElement, name: string): XmlElement | undefined {
  if (element.name === name) return element
  for (const child of element.children) {
    const found = find(child, name)
    if (found !== undefined) return found
  }
  return undefined
}

/** `deploy`, from `arn:aws:sts::111122223333:assumed-role/deploy/run-7` */
function roleInSession(arn: string | undefined): string {
  const role = /^arn:[a-z-]{3,20}:sts::\d{12}:assumed-role\/([\w+=,.@-]{1,64})\//.exec(arn ?? '')?.[1]
  if (role !== undefined) return role
  throw new GateError('gate-reply-unclear', 'the gate does not say which role the credentials are for')
}

function notOfTheGate(why: string, cause?: unknown): GateError {
  return new GateError('credentials-not-gate', `there are no credentials of the gate here: ${why}`, { cause })
}
