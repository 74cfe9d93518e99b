/** What is signed into a request's scope. */
export interface Scope {
  readonly region: string
  /** The signing name. */
  readonly service: string
}

/** Where a request goes. */
export interface UpstreamAddress {
  /** `https://monitoring.us-east-1.amazonaws.com`, with the port where it is not the scheme's own. */
  readonly origin: string
  /** The `host` header, as it is sent and signed. */
  readonly host: string
  /** Percent-encoded path. */
  readonly path: string
  readonly scope: Scope
  readonly secure: boolean
  /** The directory bucket whose session signs the request. */
  readonly expressBucket?: string
}

/** An address at AWS itself, where everything is TLS. */
export function atEndpoint(host: string, path: string, scope: Scope): UpstreamAddress {
  return { origin: `https://${host}`, host, path, scope, secure: true }
}
