import type { Catalog, ServiceHead } from '../../../catalog/model.ts'
import { GateError } from '../../../core/errors.ts'

const MARK = '/_svc/'

/** A target without the hint that stood before it. */
export interface HintedTarget {
  readonly target: string
  /** Catalog id of the service that the path names; undefined where it names none. */
  readonly hint: string | undefined
}

/**
 * Takes a service hint off a request target: `/_svc/bedrock-agent/agents/` is `/agents/` of
 * `bedrock-agent`. Clients get such a path by `AWS_ENDPOINT_URL_BEDROCK_AGENT`; it is not AWS's, so
 * the upstream never sees it. No bucket can be called `_svc`.
 * @throws GateError `service-unknown`
 */
export function takeHint(catalog: Catalog, target: string): HintedTarget {
  if (!target.startsWith(MARK)) return { target, hint: undefined }
  const rest = target.slice(MARK.length)
  const end = rest.search(/[/?]/)
  const name = end === -1 ? rest : rest.slice(0, end)
  if (!catalog.services.has(name)) {
    throw new GateError(
      'service-unknown',
      `the path names the service \`${printable(name)}\`, which is unknown`,
    )
  }
  const behind = end === -1 ? '' : rest.slice(end)
  return { target: behind.startsWith('/') ? behind : `/${behind}`, hint: name }
}

function printable(text: string): string {
  return text.slice(0, 64)
}

/** Scope names that clients use beside the one of the service's model. */
const SCOPE_ALIASES: ReadonlyMap<string, string> = new Map([['s3express', 's3']])

/**
 * The services that a request may be for: those that sign as its scope says, narrowed by the path's hint
 * and by the host.
 * @throws GateError `service-unknown`, `request-ambiguous`
 */
export function servicesFor(
  catalog: Catalog,
  signingName: string,
  hint: string | undefined,
  byHost: readonly string[] | undefined,
): readonly ServiceHead[] {
  const signed = catalog.bySigningName(SCOPE_ALIASES.get(signingName) ?? signingName)
  if (signed.length === 0) {
    throw new GateError('service-unknown', `no service signs as \`${printable(signingName)}\``)
  }
  const services = signed.filter(
    service =>
      (hint === undefined || service.id === hint) && (byHost === undefined || byHost.includes(service.id)),
  )
  if (services.length > 0) return services
  throw new GateError(
    'request-ambiguous',
    `the signature is for \`${printable(signingName)}\`, but the path or the host names another service`,
  )
}
