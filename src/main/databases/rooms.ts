import QuickLRU from 'quick-lru'
import type { Config } from '../../config/model.ts'
import { systemClock, systemRandom } from '../../core/clock.ts'
import type { MaskForm } from '../../core/decision.ts'
import { TokenBucket } from '../../gateway/aws/token-bucket.ts'
import type { SqlApprovals, SqlRooms, TextDetector } from '../../gateway/sql/ports.ts'
import { SqlJournalRecorder } from '../../gateway/sql/recorder.ts'
import { compileDetectors } from '../../mask/detect/set.ts'
import { masksValues } from '../../policy/column-masks.ts'
import { rowThresholds } from '../../policy/row-thresholds.ts'
import type { Keeping } from '../../record/keep/keep.ts'
import type { Policies } from '../policies.ts'
import type { Sessions } from '../sessions.ts'
import { countedRecorder, type DatabaseMetrics } from './metrics.ts'

/** What both engines' sessions are given of the rest of the gate. */
export interface Foundations {
  readonly policies: Policies
  readonly sessions: Sessions
  readonly approvals: SqlApprovals
  readonly keeping: Keeping
  /** 32 bytes that all replicas share. */
  readonly maskKey: Buffer
  readonly metrics: DatabaseMetrics
  readonly trouble: SqlRooms['trouble']
}

/** What clients who proved nothing may write into the journal, events a second, and at once. */
const STRANGERS = { perSecond: 20, burst: 500 } as const
/** Kept compiled: as many as policies name together. */
const MAX_DETECTORS = 1_000

/** The rooms that no engine has of its own, but for who clients are. */
export function openSqlRooms(config: Config, foundations: Foundations): Omit<SqlRooms, 'identify'> {
  const { policies, sessions, approvals, keeping, maskKey, metrics, trouble } = foundations
  const recorder = new SqlJournalRecorder({
    journal: sessions.journal,
    clock: systemClock,
    random: systemRandom,
    parametersBytes: config.record.parametersBytes,
    keeping,
    strangers: new TokenBucket(systemClock, STRANGERS.perSecond, STRANGERS.burst),
  })
  return {
    decide: policies.decide,
    rowThresholds: request => rowThresholds(request, policies.layers(request.principal)),
    masksValues: principal => masksValues(policies.layers(principal)),
    approvals,
    admit: principal => sessions.liveCalls.admit(principal),
    recorder: countedRecorder(recorder, metrics),
    detector: textDetectors(config, maskKey),
    hashKey: maskKey,
    clock: systemClock,
    random: systemRandom,
    trouble,
  }
}

/** Detectors by the names that policies have for them, each compiled once. */
function textDetectors({ masks: { patterns } }: Config, hashKey: Buffer): SqlRooms['detector'] {
  const known = new QuickLRU<string, TextDetector>({ maxSize: MAX_DETECTORS })
  return (names: readonly string[], form: MaskForm) => {
    const key = JSON.stringify([names, form])
    const found = known.get(key)
    if (found !== undefined) return found
    const detectors = compileDetectors(names, patterns)
    const made: TextDetector = { mask: text => detectors.maskText(text, { form, hashKey }) }
    known.set(key, made)
    return made
  }
}
