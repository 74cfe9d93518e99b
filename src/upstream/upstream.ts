import { Readable } from 'node:stream'
import { Agent } from 'undici'
import { GateError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import { SigningKeys } from '../wire/sigv4/keys.ts'
import { type AddressPorts, addressOf, allowedEndpoint } from './address.ts'
import { type BaseCredentials, systemBaseCredentials } from './base-credentials.ts'
import { BodyWatch } from './body-watch.ts'
import { ClockWatch } from './clock-watch.ts'
import { clientGone } from './errors.ts'
import { ExpressSessions, recorded } from './express.ts'
import type { Lease } from './lease.ts'
import { LeaseCache } from './lease-cache.ts'
import { cachedBase, LeaseManager } from './leases.ts'
import { type Outgoing, signOutgoing } from './outgoing.ts'
import { patientConnector } from './patient-socket.ts'
import type { UpstreamAddress } from './place.ts'
import type { RecordOwnCall, Upstream, UpstreamReply, UpstreamRequest } from './port.ts'
import { type OpenReply, ReplyReceiver } from './reply.ts'
import type { RoleSource, SessionPolicySource, Surroundings } from './settings.ts'
import { sdkAssumeRole } from './sts-client.ts'
import { stsEndpoint } from './sts-endpoint.ts'

/** How connections to upstreams are kept. */
export interface ConnectionLimits {
  readonly upstreamConnections: number
  readonly upstreamConnectTimeoutMs: number
  readonly upstreamHeadersTimeoutMs: number
  readonly upstreamBodyTimeoutMs: number
}

export interface UpstreamPorts extends Surroundings, AddressPorts {
  readonly limits: ConnectionLimits
  /** How a gate role's real credentials come about; undefined where the gate has no such role. */
  readonly roleSource: (roleArn: string) => RoleSource | undefined
  readonly sessionPolicy: SessionPolicySource
  readonly recordOwnCall: RecordOwnCall
  /** Finds the gate's own credentials; absent: the environment and the SDK's provider chain. */
  readonly baseCredentials?: BaseCredentials
  /** Certificate authorities beside the system's, PEM. */
  readonly ca?: string
}

/** A call on an object of a directory bucket, for which there is no session yet. */
interface ForBucket {
  readonly request: UpstreamRequest
  readonly address: UpstreamAddress
  readonly lease: Lease
  readonly bucket: string
}

/**
 * An idle connection is closed after this time, well before AWS closes it: a request that is written to a
 * connection that its server has just closed fails, and the gate cannot know whether it was carried out.
 */
const IDLE_MS = 4_000

/**
 * Sends calls to AWS. The gate repeats no call: one that has not been written yet when its connection closes
 * goes out on another (undici keeps it), and any other may have been carried out, so that it is for the
 * client's SDK, which knows what it may repeat, to try again. No redirect is followed: a client's SDK does
 * so itself, and its next call is decided like any other.
 */
export function createUpstream(ports: UpstreamPorts): Upstream {
  return new LeasedUpstream(ports)
}

class LeasedUpstream implements Upstream {
  readonly #ports: UpstreamPorts
  readonly #agent: Agent
  readonly #leases: LeaseManager
  readonly #express: ExpressSessions
  readonly #keys = new SigningKeys()
  readonly #clockWatch: ClockWatch
  readonly #closeSts: () => void

  constructor(ports: UpstreamPorts) {
    this.#ports = ports
    const cache = newCache(ports)
    const base = cachedBase(ports.baseCredentials ?? systemBaseCredentials(process.env), newCache(ports))
    const sts = sdkAssumeRole({ base, endpoint: region => stsEndpoint(region, ports) })
    this.#closeSts = () => sts.close()
    this.#leases = new LeaseManager(
      { ...ports, callAssumeRole: sts, leases: cache, roleSource: arn => roleSource(arn, ports) },
      base,
    )
    this.#express = new ExpressSessions(newCache(ports))
    this.#clockWatch = new ClockWatch(ports)
    this.#agent = newAgent(ports)
  }

  checkRegion(service: string, region: string): void {
    allowedEndpoint(service, region, this.#ports)
  }

  async send(principal: Principal, request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamReply> {
    const watch = new BodyWatch(request.body)
    try {
      return await this.#send(principal, request, signal, watch)
    } catch (error) {
      watch.discard()
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closeSts()
    await this.#agent.destroy()
  }

  async #send(
    principal: Principal,
    request: UpstreamRequest,
    signal: AbortSignal,
    watch: BodyWatch,
  ): Promise<UpstreamReply> {
    const address = addressOf(request, this.#ports)
    const lease = await this.#leases.leaseOf(principal)
    const { expressBucket } = address
    const signer =
      expressBucket === undefined
        ? lease
        : await this.#express.get(principal, expressBucket, () =>
            this.#createSession(principal, { request, address, lease, bucket: expressBucket }),
          )
    if (signal.aborted) throw clientGone()
    watch.check(address.host)
    const outgoing = signOutgoing(request, address, this.#signing(signer, expressBucket !== undefined))
    const reply = await this.#dispatch(request, address, outgoing, signal, watch)
    this.#clockWatch.look(reply, address.host)
    return lease.note === undefined ? reply : { ...reply, lease: lease.note }
  }

  #signing(credentials: Lease, express: boolean): Parameters<typeof signOutgoing>[2] {
    return { keys: this.#keys, nowMs: this.#ports.clock.now(), credentials, express }
  }

  #createSession(principal: Principal, { request, address, lease, bucket }: ForBucket): Promise<OpenReply> {
    const call: UpstreamRequest = {
      ...request,
      operation: 'CreateSession',
      method: 'GET',
      query: 'session=',
      headers: [],
      body: { kind: 'none' },
    }
    const there = { ...address, path: '/' }
    const outgoing = signOutgoing(call, there, this.#signing(lease, false))
    const own = { service: 's3', operation: 'CreateSession', region: request.region, bucket } as const
    // Others of this session wait for the same answer, so that one client's leaving does not end it.
    const never = new AbortController().signal
    return recorded(this.#ports.recordOwnCall, principal, own, () =>
      this.#dispatch(call, there, outgoing, never, new BodyWatch(call.body)),
    )
  }

  #dispatch(
    { method, query }: UpstreamRequest,
    address: UpstreamAddress,
    { headers, body }: Outgoing,
    signal: AbortSignal,
    watch: BodyWatch,
  ): Promise<OpenReply> {
    if (body instanceof Readable) watch.add(body)
    const receiver = new ReplyReceiver(error => watch.explain(error, address.host), signal)
    const path = query === '' ? address.path : `${address.path}?${query}`
    this.#agent.dispatch({ origin: address.origin, path, method: method as 'GET', headers, body }, receiver)
    return receiver.reply
  }
}

function newAgent({ limits, ca }: UpstreamPorts): Agent {
  return new Agent({
    connections: limits.upstreamConnections,
    pipelining: 1,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    headersTimeout: limits.upstreamHeadersTimeoutMs,
    bodyTimeout: limits.upstreamBodyTimeoutMs,
    connect: patientConnector({
      timeout: limits.upstreamConnectTimeoutMs,
      rejectUnauthorized: true,
      ...(ca ? { ca } : {}),
    }),
  })
}

function newCache({ clock, random, note }: UpstreamPorts): LeaseCache {
  return new LeaseCache({
    clock,
    random,
    renewalFailed: error =>
      note('a lease could not be renewed; it is still used until it ends', {
        reason: error instanceof Error ? error.message : 'unknown',
      }),
  })
}

function roleSource(arn: string, ports: UpstreamPorts): RoleSource {
  const source = ports.roleSource(arn)
  if (source !== undefined) return source
  throw new GateError('lease-denied', `the gate has no role \`${arn}\` any more`)
}
