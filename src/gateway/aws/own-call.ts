import type { StatementRef } from '../../core/decision.ts'
import { asGateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { OwnCall, OwnCallEnd } from '../../upstream/port.ts'
import type { AwsRooms } from './rooms.ts'

/** Stands in recordings where a statement of a policy would: nobody but the gate asked. */
const BY: StatementRef = { policy: 'the gate', statement: 'ExpressSession', effect: 'Allow' }

/** See `RecordOwnCall`: CloudTrail tells of these calls, so the journal has to. */
export async function recordOwnCall(
  { recorder, clock, observer, partition }: Pick<AwsRooms, 'recorder' | 'clock' | 'observer' | 'partition'>,
  principal: Principal,
  { service, operation, region, bucket }: OwnCall,
): Promise<(end: OwnCallEnd) => Promise<void>> {
  const startMs = clock.now()
  const resource = `arn:${partition}:s3express:${region}:${principal.account}:bucket/${bucket}`
  const eventId = await recorder.ownCall(principal, BY, {
    service,
    operation,
    region,
    parameters: { Bucket: bucket },
    redacted: [],
    truncated: false,
    pairs: [{ action: 's3express:CreateSession', resource, certainty: 'exact' }],
  })
  return async end => {
    try {
      await recorder.outcome(eventId, { principal }, { bytesIn: 0, bytesOut: 0, ...end }, startMs)
    } catch (unrecorded) {
      observer.trouble(eventId, asGateError(unrecorded))
    }
  }
}
