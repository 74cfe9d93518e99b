import { GateError } from '../core/errors.ts'

/** A place in the journal, for people. */
export interface Place {
  readonly lane: number
  readonly segment: number
  /** Byte in the segment's file. */
  readonly offset: number
  /** Number of the event that is there or should be. */
  readonly event: number
}

/** `lane 00, segment 2, event 17, byte 4711` */
export function describePlace(place: Place): string {
  const lane = String(place.lane).padStart(2, '0')
  return `lane ${lane}, segment ${place.segment}, event ${place.event}, byte ${place.offset}`
}

export function corrupt(place: Place, reason: string): GateError {
  return new GateError('journal-corrupt', `the journal is damaged at ${describePlace(place)}: ${reason}`)
}
