import type { CloudTrailClient, LookupEventsCommandOutput } from '@aws-sdk/client-cloudtrail'
import { GateError } from '../../core/errors.ts'
import type { TrailFile } from '../../record/reconcile/trail-file.ts'

/** CloudTrail's Event history of one account and region, and how it is reached. */
export interface LookupPlace {
  readonly region: string
  /** Another address, for VPC endpoints and stand-ins. */
  readonly endpoint?: string
  /** A profile in the AWS configuration files; absent: the default provider chain. */
  readonly profile?: string
}

export interface LookupSpan {
  readonly sinceMs: number
  readonly untilMs: number
}

/** What AWS gives at most in one answer. */
const PAGE_EVENTS = 50
/** AWS allows two requests a second for an account and region; others may ask as well. */
export const PAGE_EVERY_MS = 550
/** Tries of one page, with the SDK's own pauses, for it is throttled where others ask as well. */
const TRIES = 10
const CONNECT_MS = 5_000
const ANSWER_MS = 30_000
/** Months of a busy account; whoever has more has a trail. */
const MAX_PAGES = 200_000

/**
 * Event history as a file of events, a line each, newest first: management events of the last 90 days, some minutes
 * late (https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html). Read page by page, no
 * faster than AWS allows. Reading rejects with `trail-unavailable`.
 */
export function lookupTrail(
  place: LookupPlace,
  span: LookupSpan,
  pause: (delayMs: number) => Promise<void>,
): TrailFile {
  return { path: `LookupEvents of ${place.region}`, bytes: () => pages(place, span, pause) }
}

async function* pages(
  place: LookupPlace,
  span: LookupSpan,
  pause: (delayMs: number) => Promise<void>,
): AsyncGenerator<Buffer, void> {
  const { client, ask } = await openClient(place)
  try {
    let token: string | undefined
    for (let count = 0; count < MAX_PAGES; count++) {
      if (count > 0) await pause(PAGE_EVERY_MS)
      const page = await asking(place, () => ask(span, token))
      for (const { CloudTrailEvent: event, EventId: id } of page.Events ?? []) {
        if (event === undefined) throw unavailable(place, `the event \`${id ?? ''}\` has no record`)
        yield Buffer.from(`${event}\n`)
      }
      if (page.NextToken === undefined) return
      if (page.NextToken === token) throw unavailable(place, 'it gave the same page again')
      token = page.NextToken
    }
    throw unavailable(place, `there are more than ${MAX_PAGES * PAGE_EVENTS} events`)
  } finally {
    client.destroy()
  }
}

interface Opened {
  readonly client: CloudTrailClient
  ask(span: LookupSpan, token: string | undefined): Promise<LookupEventsCommandOutput>
}

async function openClient({ region, endpoint, profile }: LookupPlace): Promise<Opened> {
  const [sdk, { defaultProvider }] = await Promise.all([
    import('@aws-sdk/client-cloudtrail'),
    import('@aws-sdk/credential-provider-node'),
  ])
  const client = new sdk.CloudTrailClient({
    region,
    credentials: defaultProvider(profile === undefined ? {} : { profile }),
    maxAttempts: TRIES,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS, throwOnRequestTimeout: true },
    ...(endpoint === undefined ? {} : { endpoint }),
  })
  return {
    client,
    ask: ({ sinceMs, untilMs }, token) =>
      client.send(
        new sdk.LookupEventsCommand({
          // To the second, and no event of the span is left out.
          StartTime: new Date(Math.floor(sinceMs / 1000) * 1000),
          EndTime: new Date(Math.ceil(untilMs / 1000) * 1000),
          MaxResults: PAGE_EVENTS,
          ...(token === undefined ? {} : { NextToken: token }),
        }),
      ),
  }
}

async function asking<T>(place: LookupPlace, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    const code =
      error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
    throw unavailable(
      place,
      `it failed with \`${code ?? (error instanceof Error ? error.name : 'unknown')}\``,
      error,
    )
  }
}

function unavailable({ region }: LookupPlace, why: string, cause?: unknown): GateError {
  return new GateError('trail-unavailable', `CloudTrail in ${region} could not be asked: ${why}`, { cause })
}
