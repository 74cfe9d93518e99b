import { join } from 'node:path'
import type { Registry } from 'prom-client'
import { loadCatalog } from '../catalog/load.ts'
import type { Catalog } from '../catalog/model.ts'
import type { Config } from '../config/model.ts'
import { systemClock, systemRandom } from '../core/clock.ts'
import { BufferBudget } from '../gateway/aws/body.ts'
import { awsHandler } from '../gateway/aws/handler.ts'
import { recordOwnCall } from '../gateway/aws/own-call.ts'
import { Recorder } from '../gateway/aws/recorder.ts'
import type { AwsRooms } from '../gateway/aws/rooms.ts'
import { TokenBucket } from '../gateway/aws/token-bucket.ts'
import { secretFiles } from '../identity/secret-files.ts'
import { acceptConnect } from '../listener/proxy.ts'
import { createListener } from '../listener/server.ts'
import { blobSeal } from '../record/blobs/ports.ts'
import type { Journal } from '../record/event.ts'
import type { RecordOwnCall, Upstream } from '../upstream/port.ts'
import { createUpstream } from '../upstream/upstream.ts'
import { SigningKeys } from '../wire/sigv4/keys.ts'
import { openBodies } from './bodies.ts'
import type { PeopleFoundations } from './control.ts'
import type { LanePost } from './databases/lane-post.ts'
import { type DatabaseAddresses, type DatabaseFoundations, openDatabases } from './databases/open.ts'
import { openDesk } from './desk.ts'
import { type Identities, openIdentities } from './identities.ts'
import { openKeyring } from './keyring.ts'
import { openLane } from './lane.ts'
import { LineRate } from './lines.ts'
import { Links } from './links.ts'
import { listen } from './listen.ts'
import type { Log } from './log.ts'
import { openMasking } from './masks.ts'
import { createMetrics } from './metrics.ts'
import { createObserver, type Observer } from './observer.ts'
import { openPolicies, type Policies } from './policies.ts'
import { openSessions, type Sessions } from './sessions.ts'

/** Where clients reach the gate, as it came about: `host:port`. */
export interface GateAddresses {
  readonly aws: string
  readonly databases: DatabaseAddresses
}

/** What clients of AWS and of databases come to, in one process. */
export interface Gate {
  /** Begins to take calls and clients. */
  listen(): Promise<GateAddresses>
  /** Why calls would not pass now; empty when they would. */
  troubles(): readonly string[]
  readonly metrics: Registry
  /** What the control API is built on. */
  readonly people: PeopleFoundations
  /** Another process of this gate says that sessions were ended: it is looked which. */
  sessionsEnded(): void
  /** The lane that this process writes. */
  readonly journal: Journal
  /** Takes no new calls, lets those in flight end for `drainMs` at most, and closes the journal. */
  close(drainMs: number): Promise<void>
}

/** What callers who proved nothing may write into the journal, events a second, and at once. */
const STRANGERS = { perSecond: 20, burst: 500 } as const

/** Certificates for hosts that the proxy has not seen before; a client in earnest calls some dozens. */
const MINTS = { perSecond: 10, burst: 200 } as const

const ports = { clock: systemClock, random: systemRandom }

/** Builds the rooms and connects them. */
export async function openGate(config: Config, lane: number, log: Log, post: LanePost): Promise<Gate> {
  const catalog = loadCatalog()
  const policies = openPolicies(config)
  const metrics = createMetrics()
  const { journal, seal } = await openLane(config, lane, log)
  const open = await openDesk(config, journal)
  const sessions = await openSessions(config, { store: open.store, journal, log })
  const recordOwn: RecordOwnCall = (principal, call) => recordOwnCall(rooms, principal, call)
  const upstream = openUpstream(config, catalog, policies, recordOwn, log)
  const keyring = openKeyring(config)
  const rate = new LineRate(systemClock)
  const observer = createObserver(metrics, log, rate)
  const identities = openIdentities(config, policies, keyring)
  const links = new Links(config)
  const budget = new BufferBudget(config.limits.bufferedBytes)
  const rooms = openRooms(config, {
    catalog,
    policies,
    sessions,
    upstream,
    identities,
    observer,
    masking: openMasking(config, catalog, open.maskKey),
    budget,
    bodies: await openBodies(config, {
      ...{ catalog, journal, lane, budget },
      seal: seal && blobSeal(seal, systemRandom),
    }),
    approvals: { desk: open.desk, digestKey: open.digestKey, requestUrl: id => links.to(id) },
  })
  const databases = await openDatabases(config, {
    ...{ policies, sessions, identities, catalog, metrics, log, post },
    ...databaseRooms(rooms, observer),
    maskKey: open.maskKey,
  })
  const server = createListener(
    awsHandler(rooms),
    config.limits,
    config.tls && { certificate: config.tls.certificate, key: config.tls.key.reveal() },
  )
  if (config.proxy.enabled) await openProxy(server, config, catalog, log, rate)
  let stopping = false
  return {
    async listen() {
      const addresses = await databases.listen()
      return { aws: await listen(server, config.listen), databases: addresses }
    },
    troubles: () => [
      ...(stopping ? ['the gate is stopping'] : []),
      ...troublesOf(keyring.trouble, journal.trouble, sessions.feed.trouble),
    ],
    metrics: metrics.registry,
    people: { open, policies, identities, log, links, kills: sessions.kills },
    sessionsEnded: () => void sessions.feed.look(),
    journal,
    async close(drainMs) {
      stopping = true
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeIdleConnections()
      const timer = setTimeout(() => server.closeAllConnections(), drainMs)
      await Promise.all([closed, databases.close(drainMs)])
      clearTimeout(timer)
      await sessions.stop()
      await open.close()
      await journal.close()
      await upstream.close()
    },
  }
}

function troublesOf(
  credentials: Error | undefined,
  journal: string | undefined,
  sessions: string | undefined,
): readonly string[] {
  return [
    ...(credentials === undefined ? [] : [`credentials cannot be opened: ${credentials.message}`]),
    ...(journal === undefined ? [] : [`the journal cannot be written: ${journal}`]),
    ...(sessions === undefined ? [] : [sessions]),
  ]
}

function openUpstream(
  config: Config,
  catalog: Catalog,
  policies: Policies,
  recordOwn: RecordOwnCall,
  log: Log,
): Upstream {
  const sources = new Map(config.roles.map(role => [role.arn, role.upstream]))
  return createUpstream({
    ...ports,
    catalog,
    endpoints: config.aws.endpoints,
    partition: config.aws.partition,
    ...(config.aws.regions ? { regions: config.aws.regions } : {}),
    limits: config.limits,
    roleSource: arn => sources.get(arn),
    sessionPolicy: policies.sessionPolicy,
    recordOwnCall: recordOwn,
    note: (message, details) => log.warn(details, message),
  })
}

/** What the rooms are built on. */
interface Foundations
  extends Pick<
    AwsRooms,
    'catalog' | 'upstream' | 'observer' | 'masking' | 'approvals' | 'budget' | 'bodies'
  > {
  readonly policies: Policies
  readonly sessions: Sessions
  readonly identities: Identities
}

function openRooms(
  config: Config,
  { policies, sessions, identities, ...foundations }: Foundations,
): AwsRooms {
  return {
    ...foundations,
    clock: systemClock,
    domains: config.domains,
    partition: config.aws.partition,
    roles: new Set(config.roles.map(({ arn }) => arn)),
    credentials: identities.credentials,
    signingKeys: new SigningKeys(),
    sts: identities.sts,
    bodyBytes: config.limits.bodyBytes,
    pauseMs: config.limits.bodyTimeoutMs,
    recorder: new Recorder({
      ...ports,
      journal: sessions.journal,
      began: principal => sessions.tracker.began(principal),
      parametersBytes: config.record.parametersBytes,
      keeping: foundations.bodies.keeping,
      strangers: new TokenBucket(systemClock, STRANGERS.perSecond, STRANGERS.burst),
    }),
    liveCalls: sessions.liveCalls,
    decide: policies.decide,
  }
}

/** What the database side shares with the AWS side: one desk, one way of recording. */
function databaseRooms(
  { approvals, bodies, recorder }: AwsRooms,
  observer: Observer,
): Pick<DatabaseFoundations, 'approvals' | 'keeping' | 'began' | 'trouble'> {
  return {
    approvals,
    keeping: bodies.keeping,
    began: (session, facts) => recorder.session(recorder.newEventId(), session, facts),
    trouble: error => observer.trouble(undefined, error),
  }
}

/** The authority is heavy to load, so only a gate that is a proxy loads it. */
async function openProxy(
  server: ReturnType<typeof createListener>,
  config: Config,
  catalog: Catalog,
  log: Log,
  rate: LineRate,
): Promise<void> {
  const { openAuthority } = await import('../listener/authority.ts')
  const isAwsHost = (host: string): boolean => catalog.hostName(host) !== undefined
  const mints = new TokenBucket(systemClock, MINTS.perSecond, MINTS.burst)
  const authority = await openAuthority({
    ...ports,
    keyPath: join(config.data, 'keys', 'ca.key'),
    certificatePath: join(config.data, 'ca.pem'),
    files: secretFiles,
    suffixes: catalog.dnsSuffixes,
    isAwsHost,
    mayMint: () => mints.take(),
  })
  acceptConnect(server, {
    isAwsHost,
    secureContextFor: host => authority.secureContextFor(host),
    others: config.proxy.otherHosts,
    refused: (host, reason) =>
      rate.line(leftOut =>
        log.warn({ host: host.slice(0, 253), reason, ...leftOut }, 'a tunnel was refused'),
      ),
  })
}
