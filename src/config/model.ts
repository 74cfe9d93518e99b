import type { Redacted } from '../core/redacted.ts'
import type { Address } from './address.ts'
import type { DatabasesConfig, TargetConfig } from './model-databases.ts'
import type { RecordConfig } from './model-record.ts'

/** A policy document as text; `policy/` parses it, so that errors keep their place in the file. */
export interface PolicyText {
  /** The file's path as the configuration writes it; statements are named after it. */
  readonly name: string
  /** The file in which line and column count: an absolute path. */
  readonly file: string
  /**
   * The document, JSON or YAML. One that stands in the configuration itself is padded with blank lines
   * and columns, so that a position in it is a position in the configuration.
   */
  readonly text: string
}

export interface TlsConfig {
  /** PEM: the certificate and its chain. */
  readonly certificate: string
  /** PEM of the private key. */
  readonly key: Redacted
}

/** Who may vouch for an identity. At least one of `oidc` and `jwks` is set. */
export interface IssuerConfig {
  readonly name: string
  /** The issuer's URL: `iss` must equal it to the letter, and keys come by discovery unless `jwks` is set. */
  readonly oidc?: string
  /** A JWK set with public keys only, as JSON text, from the file that the configuration names. */
  readonly jwks?: string
  /** Values of `aud` that are taken; never empty. */
  readonly audience: readonly string[]
  /** Set where it vouches for people, who may approve: how its tokens name them and their groups. */
  readonly people?: {
    /** The claim that holds the groups. */
    readonly groups: string
    /** The claim to show as a name. */
    readonly name?: string
    /** Values of `aud` that are taken at the control API, where they are others. */
    readonly audience?: readonly string[]
  }
}

export type CredentialSource = 'default' | 'environment' | 'profile'

/** How real credentials for a role come about. */
export interface RoleUpstream {
  /** Where the gate's own credentials come from. */
  readonly credentials: CredentialSource
  /** For the source `profile`: its name in the AWS configuration files. */
  readonly profile?: string
  /** False: the gate's own credentials are used as they are (stand-ins). */
  readonly assume: boolean
  /** ARN of the real role to assume. */
  readonly role: string
  readonly externalId?: string
  /** Region of the STS endpoint that leases come from. */
  readonly region: string
  /** Whether AssumeRole is asked to set the source identity, the session tags and a session policy. */
  readonly sourceIdentity: boolean
  readonly sessionTags: boolean
  readonly sessionPolicy: boolean
}

export interface RoleConfig {
  /** The ARN that clients assume; it looks like, and usually is, the real role's. */
  readonly arn: string
  readonly trust: PolicyText
  readonly policies: readonly PolicyText[]
  readonly boundary?: PolicyText
  readonly maxSessionMs: number
  /** Whose content its sessions are: it can be shredded as a whole. */
  readonly tenant: string
  readonly upstream: RoleUpstream
}

export interface AwsConfig {
  /** Overrides of endpoints: `default` for every service that has none of its own. */
  readonly endpoints: {
    readonly default?: string
    /** By the catalog's service id (`s3`, `dynamodb`). */
    readonly byService: ReadonlyMap<string, string>
  }
  /** Regions that may be called; undefined: every region of the partition. */
  readonly regions?: readonly string[]
  /** `aws`, `aws-cn`, `aws-us-gov` … */
  readonly partition: string
}

export interface ProxyConfig {
  /** Whether CONNECT is taken on the listen address. */
  readonly enabled: boolean
  /** What becomes of a CONNECT to a host that is none of AWS's. */
  readonly otherHosts: 'refuse' | 'tunnel'
}

/** Limits on clients and on upstreams; all per worker process. */
export interface LimitsConfig {
  /** Client connections at once. */
  readonly connections: number
  /** Bytes of a request's head. */
  readonly headersBytes: number
  /** Bytes of a body that must be read whole before it can be decided. */
  readonly bodyBytes: number
  /** Bytes of all bodies held at once. */
  readonly bufferedBytes: number
  /** Time in which a client must have sent a request's head. */
  readonly headersTimeoutMs: number
  /** Longest pause of a client within a body. */
  readonly bodyTimeoutMs: number
  /** How long an idle client connection is kept. */
  readonly keepAliveMs: number
  /** Connections to one upstream host. */
  readonly upstreamConnections: number
  readonly upstreamConnectTimeoutMs: number
  /** Time from a request's last byte to the head of the upstream's reply. */
  readonly upstreamHeadersTimeoutMs: number
  /** Longest pause of an upstream within a body. */
  readonly upstreamBodyTimeoutMs: number
}

/** Where access requests and grants are kept. */
export type StoreConfig =
  | { readonly kind: 'sqlite' }
  /** The URL may hold a password. */
  | { readonly kind: 'postgres'; readonly url: Redacted }

export interface ApprovalsConfig {
  /** Where people reach the admin address, without a slash at its end; absent: as it listens. */
  readonly url?: string
  /** What people may do, by `gate:*` actions; empty: what the demands of a request say. */
  readonly policies: readonly PolicyText[]
  /** How long a request waits for an answer. */
  readonly openForMs: number
  /** How long one that has ended is kept, from its beginning. */
  readonly keepForMs: number
  /** Longest standing access. */
  readonly maxStandingMs: number
  readonly pendingPerPrincipal: number
  /** How long groups of a verified token count where a person answers without one, in chat. */
  readonly groupsForMs: number
}

/** Somebody who is told of access requests. */
export type ChannelConfig =
  | {
      readonly kind: 'slack'
      readonly name: string
      readonly channel: string
      readonly token: Redacted
      readonly signingSecret: Redacted
      /** `TEAM/USER` of Slack -> `ISSUER/SUBJECT`. */
      readonly people: ReadonlyMap<string, string>
      /** Another address of Slack's API, for stand-ins. */
      readonly api?: string
    }
  | {
      readonly kind: 'webhook'
      readonly name: string
      readonly url: string
      /** `whsec_…`; each signs. */
      readonly secrets: readonly Redacted[]
    }

export interface MasksConfig {
  /** Whether what is secret by AWS's models and by the documented list is masked by default. */
  readonly builtIn: boolean
  /** Bytes of a reply that is read whole to be masked. */
  readonly bodyBytes: number
  /** The user's own detectors: name -> regular expression. */
  readonly patterns: ReadonlyMap<string, string>
}

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'

/** The configuration: read, checked as a whole, and frozen. */
export interface Config {
  /** Absolute path of the file that it was read from. */
  readonly file: string
  readonly listen: Address
  readonly tls?: TlsConfig
  /** Plain HTTP is allowed beyond loopback. */
  readonly insecure: boolean
  readonly admin: Address
  /** Absolute path of the folder of the journal, the keys and the embedded store. */
  readonly data: string
  /** Processes that share the listening socket. */
  readonly workers: number
  /** Names under which clients reach the gate, for virtual hosts: lower case, none is a suffix rule. */
  readonly domains: readonly string[]
  readonly issuers: readonly IssuerConfig[]
  readonly roles: readonly RoleConfig[]
  readonly aws: AwsConfig
  readonly record: RecordConfig
  readonly proxy: ProxyConfig
  readonly limits: LimitsConfig
  readonly store: StoreConfig
  readonly approvals: ApprovalsConfig
  readonly notify: readonly ChannelConfig[]
  readonly masks: MasksConfig
  readonly databases: DatabasesConfig
  readonly targets: readonly TargetConfig[]
  readonly log: { readonly level: LogLevel }
}
