import { join } from 'node:path'
import { isLoopback } from '../../config/scalars.ts'
import { GateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import { DEFAULT_CONFIG_PATH } from '../check.ts'
import type { ApprovalsPorts } from './ports.ts'

/** What the command line says about the gate. */
export interface PlaceOptions {
  readonly url: string | undefined
  readonly tokenFile: string | undefined
  /** Absent: the one of the current folder, if there is one. */
  readonly config: string | undefined
  /** Plain HTTP to another machine is wanted. */
  readonly insecure: boolean
}

/** Which gate, and as whom. */
export interface GatePlace {
  /** Without a slash at its end. */
  readonly url: string
  readonly token: Redacted
}

/** What goes into a header, and no longer than any token is. */
const TOKEN = /^[\x21-\x7e]{1,16384}$/

/** By the command line, else the environment, else files. Throws `gate-unreachable`, `token-unreadable`. */
export async function placeOf(options: PlaceOptions, ports: ApprovalsPorts): Promise<GatePlace> {
  const written =
    options.url ?? ports.environment['SALLYPORT_URL'] ?? (await configuredUrl(options.config, ports))
  return { url: checkedUrl(written, options.insecure), token: await tokenOf(options.tokenFile, ports) }
}

async function configuredUrl(config: string | undefined, ports: ApprovalsPorts): Promise<string> {
  if (config !== undefined) return ports.adminUrl(config)
  try {
    return await ports.adminUrl(DEFAULT_CONFIG_PATH)
  } catch (cause) {
    // Approvers have no configuration: what is wrong with it is none of their concern.
    const missing = `there is no --url, no SALLYPORT_URL and no usable \`${DEFAULT_CONFIG_PATH}\` here`
    throw new GateError('gate-unreachable', missing, { cause })
  }
}

function checkedUrl(written: string, insecure: boolean): string {
  const url = URL.parse(written)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '') {
    throw new GateError('gate-unreachable', `\`${written}\` is no address of a gate`)
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname.replace(/^\[|\]$/g, '')) && !insecure) {
    throw new GateError(
      'gate-unreachable',
      `\`${url.origin}\` would send the token in the clear: use \`https://\`, or say --insecure`,
    )
  }
  return url.href.replace(/\/$/, '')
}

async function tokenOf(file: string | undefined, ports: ApprovalsPorts): Promise<Redacted> {
  const inEnvironment = ports.environment['SALLYPORT_TOKEN']
  const text =
    file === undefined && inEnvironment !== undefined
      ? inEnvironment
      : await read(file ?? join(ports.home, '.config', 'sallyport', 'token'), ports)
  const token = text.trim()
  if (!TOKEN.test(token)) throw new GateError('token-unreadable', 'the token is empty or has spaces in it')
  return new Redacted(token)
}

async function read(path: string, ports: ApprovalsPorts): Promise<string> {
  try {
    return await ports.readFile(path)
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable'
    throw new GateError('token-unreadable', `there is no token: \`${path}\` cannot be read: ${why}`, {
      cause,
    })
  }
}
