import { GateError } from '../../core/errors.ts'

/** An issuer as configured. */
export interface IssuerConfig {
  /** The name in the gate's own words: `gate:Issuer`. */
  readonly name: string
  /** The issuer's URL, exactly as `iss` says it. Keys come by discovery unless `jwks` is set. */
  readonly oidc?: string
  /**
   * A JSON Web Key Set as text: the keys are these, and none are fetched. With it alone, `iss` must be the
   * issuer's name; beside `oidc`, that URL.
   */
  readonly jwks?: string
  /** The audiences that the gate is known by to this issuer: `aud` must hold one of them. */
  readonly audience: string | readonly string[]
  /** Names of the claims to keep in the session; all that fit where absent. */
  readonly claims?: readonly string[]
}

/** An issuer that has been checked. */
export interface Issuer {
  readonly name: string
  /** What `iss` must be, to the letter. */
  readonly iss: string
  /** `HOST/PATH` as written in `iss`, as IAM names the provider: prefix of condition keys, end of the provider's ARN. */
  readonly provider: string
  readonly audiences: readonly string[]
  readonly keys:
    | { readonly from: 'discovery'; readonly url: URL }
    | { readonly from: 'text'; readonly text: string }
  readonly claims?: ReadonlySet<string>
}

/** Prefixes of condition keys that are not an issuer's to set. */
const RESERVED = /^(aws|gate|sts|saml|request|sql|iam|s3|ec2)$/i
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** Checks an issuer of the configuration. Throws `issuer-misconfigured`. */
export function checkIssuer(config: IssuerConfig): Issuer {
  const { name, oidc, jwks } = config
  if (!NAME.test(name)) throw misconfigured(name, 'its name must be 1 to 63 letters, digits, `.`, `_` or `-`')
  const audiences = typeof config.audience === 'string' ? [config.audience] : config.audience
  if (audiences.length === 0 || audiences.some(each => each === '')) {
    throw misconfigured(name, 'it needs at least one audience')
  }
  const common = {
    name,
    audiences,
    ...(config.claims !== undefined && { claims: new Set(config.claims) }),
  }
  if (oidc === undefined) {
    if (jwks === undefined) throw misconfigured(name, 'it needs `oidc` or `jwks`')
    if (RESERVED.test(name)) throw misconfigured(name, `the name \`${name}\` is reserved for condition keys`)
    return { ...common, iss: name, provider: name, keys: { from: 'text', text: jwks } }
  }
  const url = issuerUrl(name, oidc)
  const provider = oidc.slice(url.protocol.length + 2)
  if (RESERVED.test(provider))
    throw misconfigured(name, `the host \`${provider}\` is reserved for condition keys`)
  const keys =
    jwks === undefined ? ({ from: 'discovery', url } as const) : ({ from: 'text', text: jwks } as const)
  return { ...common, iss: oidc, provider, keys }
}

/** https, or http to this very machine; without credentials, query and fragment (OIDC Discovery 1.0, 2). */
function issuerUrl(name: string, oidc: string): URL {
  const url = URL.canParse(oidc) ? new URL(oidc) : undefined
  if (url === undefined) throw misconfigured(name, `\`${oidc}\` is not a URL`)
  // What is compared with `iss` and what is fetched must be the same thing in one spelling.
  if (url.href !== oidc && url.href !== `${oidc}/`) {
    throw misconfigured(name, `its URL must be written as \`${url.href}\``)
  }
  if (!isTrustworthy(url)) throw misconfigured(name, 'its URL must be https (plain http only on loopback)')
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw misconfigured(name, 'its URL must have no credentials, query or fragment')
  }
  return url
}

/** True where nobody on the way can change what is fetched. */
export function isTrustworthy(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
}

/** True for names and addresses of this machine alone. */
export function isLoopback(url: URL): boolean {
  const host = url.hostname
  return host === 'localhost' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}

function misconfigured(name: string, why: string): GateError {
  return new GateError('issuer-misconfigured', `the issuer \`${name}\` cannot be used: ${why}`)
}
