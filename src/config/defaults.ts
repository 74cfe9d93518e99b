/** What holds where the configuration says nothing. Written as the file would write it. */
export const DEFAULTS = {
  listen: '127.0.0.1:4566',
  admin: '127.0.0.1:4567',
  data: './data',
  maxSession: '1h',
  partition: 'aws',
  stsRegion: 'us-east-1',
  parameters: '64KiB',
  durability: 'fsync',
  segment: '64MiB',
  segmentAge: '24h',
  idle: '30m',
  replies: '16KiB',
  every: '60s',
  events: 4096,
  prefix: 'sallyport/',
  retainMode: 'GOVERNANCE',
  format: 'ocsf',
  tenant: 'default',
  otherHosts: 'refuse',
  connections: 10_000,
  headers: '64KiB',
  // The largest request that AWS takes in one piece without streaming it is Lambda's 50 MB zip file,
  // which is 67 MB as base64.
  body: '70MiB',
  buffered: '512MiB',
  headersTimeout: '20s',
  bodyTimeout: '60s',
  keepAlive: '65s',
  upstreamConnections: 128,
  upstreamConnectTimeout: '10s',
  // A Lambda function may run for 15 minutes before `Invoke` answers.
  upstreamHeadersTimeout: '16m',
  upstreamBodyTimeout: '5m',
  logLevel: 'info',
  store: 'sqlite',
  groups: 'groups',
  openFor: '24h',
  keepFor: '90d',
  maxStanding: '8h',
  pending: 100,
  groupsFor: '12h',
  maskBody: '16MiB',
  clients: 500,
  greetingTimeout: '30s',
  idleTimeout: '24h',
} as const

/** A configuration file beyond this many bytes is refused. */
export const MAX_CONFIG_BYTES: number = 1 << 20

/** A policy, key or certificate file beyond this many bytes is refused. */
export const MAX_FILE_BYTES: number = 1 << 20
