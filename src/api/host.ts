import { isIP } from 'node:net'
import { GateError } from '../core/errors.ts'

/**
 * The name by which the client called must be one of the gate's. A page on the web can give its own name the
 * gate's address (DNS rebinding), and is then of one origin with the gate for the browser; it cannot change
 * the name in `host`. An IP address needs no list: no name was looked up.
 *
 * Throws `api-host-refused`. `names` in lower case, without ports.
 */
export function checkHost(host: string | undefined, names: readonly string[]): void {
  const name = host === undefined ? undefined : hostName(host)
  if (name === undefined) throw new GateError('api-host-refused', 'the `host` header is missing or no host')
  if (name === 'localhost' || isIP(name) !== 0 || names.includes(name)) return
  throw new GateError('api-host-refused', `\`${name}\` is not a name of the admin address`)
}

const NAME = /^[a-z0-9._-]{1,253}$/
const PORT = /^[0-9]{1,5}$/

/** `NAME`, `NAME:PORT`, `[IPv6]` or `[IPv6]:PORT`; undefined for anything else. */
function hostName(host: string): string | undefined {
  const lower = host.toLowerCase()
  const end = lower.startsWith('[') ? lower.indexOf(']') + 1 : lower.indexOf(':')
  const name = end <= 0 ? lower : lower.slice(0, end)
  const rest = lower.slice(name.length)
  if (rest !== '' && !(rest.startsWith(':') && PORT.test(rest.slice(1)))) return undefined
  if (name.startsWith('[')) {
    const address = name.slice(1, -1)
    return isIP(address) === 6 && name.endsWith(']') ? address : undefined
  }
  return NAME.test(name) ? name : undefined
}
