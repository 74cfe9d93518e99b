import type { Decision, Demand } from '../../core/decision.ts'
import { GateError } from '../../core/errors.ts'
import type { CallQuestion } from '../../grants/desk.ts'
import { callDigest } from '../../grants/digest.ts'
import { REDACTED } from '../../record/parameters.ts'
import type { ApprovalCase } from '../approval.ts'
import { requesterOf } from '../requester.ts'
import type { SqlParameter, SqlQuestion, SqlRooms, SqlText } from './ports.ts'
import { safeForm } from './recorder.ts'

/** A text that people may have to approve. */
export function sqlApprovalCase(
  eventId: string,
  question: SqlQuestion,
  rooms: SqlRooms,
  { hold, decideAgain }: { readonly hold: ApprovalCase['hold']; decideAgain(): Decision },
): ApprovalCase {
  const { principal } = question.request
  return {
    eventId,
    question: demands => callQuestion(question, demands, rooms),
    decideAgain,
    checkAlive() {
      rooms.admit(principal).leave()
      if (rooms.clock.now() < principal.expiresAtMs) return
      throw new GateError(
        'credentials-expired',
        'the session of the principal ended while the statement waited for an approval',
      )
    },
    hold,
  }
}

/** What is approved is this text, with these parameters, meaning these objects. */
function callQuestion(
  { request, engine, place, text, rows, isSecret }: SqlQuestion,
  demands: readonly Demand[],
  { approvals }: SqlRooms,
): CallQuestion {
  const requester = requesterOf(approvals.digestKey, request.principal)
  const pairs = request.pairs.map(({ action, resource, certainty }) => ({ action, resource, certainty }))
  const where = {
    engine,
    target: place.target,
    database: place.database,
    ...(rows === undefined ? {} : { rowsAffected: rows }),
  }
  const operation = text.tags.join('; ')
  return {
    digest: callDigest(approvals.digestKey, {
      principalKey: requester.principalKey,
      roleArn: requester.roleArn,
      account: requester.account,
      region: place.region,
      service: 'sql',
      operation,
      parameters: {
        ...where,
        sql: text.sql,
        parameters: text.parameters.map(written),
        resources: pairs.map(({ action, resource }) => `${action} ${resource}`),
      },
    }),
    requester,
    demands,
    pairs,
    async describe() {
      return {
        service: 'sql',
        operation,
        region: place.region,
        commandLine: text.sql,
        parameters: { ...where, sql: text.sql, parameters: text.parameters.map(shown) },
        pairs,
        resources: [],
        ...(isSecret ? { recorded: { commandLine: secretLine(text), parameters: where } } : {}),
      }
    },
  }
}

/** What the journal has of a text whose constants and parameters may be secret. */
function secretLine(text: SqlText): string {
  return safeForm(text)?.text ?? `${text.tags.join('; ')}: ${REDACTED}`
}

/** Told apart from every other value of its kind. */
function written(value: SqlParameter): string | null {
  if (value === null) return null
  return typeof value === 'string' ? `text ${value}` : `bytes ${value.toString('base64')}`
}

function shown(value: SqlParameter): string | null {
  return Buffer.isBuffer(value) ? `base64 ${value.toString('base64')}` : value
}
