import { GateError } from '../../core/errors.ts'

/** The index says something that the journal does not: what it has of this segment has to be made anew. */
export class IndexDamaged extends GateError {
  readonly lane: number
  readonly segment: number

  constructor(lane: number, segment: number) {
    super('index-damaged', `the index of lane ${lane}, segment ${segment} does not fit the journal`)
    this.lane = lane
    this.segment = segment
  }
}
