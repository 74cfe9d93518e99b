import { parseArgs } from 'node:util'
import { isLoopback } from '../../config/scalars.ts'
import { asShell, type Destination, invocationOf } from './invocations.ts'
import {
  configuredTarget,
  engineOf,
  portOf,
  TOKEN_OPTIONS,
  TOKEN_USAGE,
  told,
  USUAL_PORTS,
  WrongUsage,
} from './options.ts'
import type { ConfiguredTarget, DatabasePorts } from './ports.ts'
import { makeToken } from './token.ts'

const USAGE = `usage: sallyport connect TARGET [options] [-- ARGUMENTS of psql or mysql]

Opens psql or mysql on a database behind the gate, with a password made for it.

  --gate HOST[:PORT]  the gate, as this machine reaches it; else what the configuration says
  --ca FILE           the authority of the gate's certificate; else NODE_EXTRA_CA_CERTS, else those of the system
  --print             prints the command in place of running it
${TOKEN_USAGE}
Exit code: that of the program; 1: there are no credentials, or no such program; 2: wrong usage.
`

const OPTIONS = {
  ...TOKEN_OPTIONS,
  gate: { type: 'string' },
  ca: { type: 'string' },
  print: { type: 'boolean' },
} as const

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

/** `sallyport connect`: a prompt of the database, behind the gate. */
export function connect(args: readonly string[], ports: DatabasePorts): Promise<number> {
  return told(USAGE, args, ports, async () => {
    const at = args.indexOf('--')
    const [own, extra] = at < 0 ? [args, []] : [args.slice(0, at), args.slice(at + 1)]
    const { values, positionals } = parseArgs({ args: [...own], allowPositionals: true, options: OPTIONS })
    const [target, ...others] = positionals
    if (target === undefined || others.length > 0) throw new WrongUsage('say one target')
    const configured = await configuredTarget(target, values.config, ports)
    const place = placeOf(target, values, configured, ports)
    const port = portOf('--port', values.port) ?? configured?.port ?? place.gate.port
    const made = await makeToken({ values, host: target, port, configured }, ports)
    const invocation = await invocationOf({ ...place, target, user: made.user, extra }, ports)
    if (values.print !== true) return ports.run(invocation, made.password)
    const asked = ['sallyport', 'token', '--target', target, '--user', made.user, '--port', String(port)]
    if (values.endpoint !== undefined) asked.push('--endpoint', values.endpoint)
    if (values.region !== undefined) asked.push('--region', values.region)
    await ports.out(`${asShell(invocation, asked)}\n`)
    return 0
  })
}

/** Which gate, and how it is known to be that. */
function placeOf(
  name: string,
  values: Values,
  configured: ConfiguredTarget | undefined,
  ports: DatabasePorts,
): Pick<Destination, 'engine' | 'gate' | 'tls'> {
  const engine = engineOf(values.engine) ?? configured?.engine
  if (engine === undefined)
    throw new WrongUsage(`say what \`${name}\` is: --engine postgres or --engine mysql`)
  const gate = values.gate === undefined ? configured?.gate : gateOf(values.gate, USUAL_PORTS[engine])
  if (gate === undefined) throw new WrongUsage('say where the gate is: --gate HOST:PORT')
  return { engine, gate, tls: tlsOf(gate.host, values, configured, ports) }
}

const GATE = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d+))?$/

function gateOf(text: string, usualPort: number): Destination['gate'] {
  const [, address, name, port] = GATE.exec(text) ?? []
  const host = address ?? name
  if (host === undefined) throw new WrongUsage(`--gate takes HOST:PORT, not \`${text}\``)
  return { host, port: portOf('--gate', port) ?? usualPort }
}

/** A token goes to whoever proves to be the gate; in the clear, to this machine alone. */
function tlsOf(
  host: string,
  { ca: named }: Values,
  configured: ConfiguredTarget | undefined,
  { environment, systemAuthorities }: DatabasePorts,
): Destination['tls'] {
  if (named === undefined && configured?.tls === false && isLoopback(host)) return { kind: 'none' }
  const ca = named ?? environment['NODE_EXTRA_CA_CERTS'] ?? systemAuthorities()
  if (ca === undefined) throw new WrongUsage("say whose certificate is the gate's: --ca FILE")
  return { kind: 'verified', ca }
}
