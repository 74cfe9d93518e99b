/**
 * The parameters of the STS calls that the gate answers itself, with the limits of the STS API
 * (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html). Every error is
 * `sts-parameter-invalid` and names the parameter by its name on the wire.
 */

import { GateError } from '../../core/errors.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { readTags, type SessionTags } from './tags.ts'

/** What both ways to assume a role have in common. */
export interface RoleParameters {
  readonly roleArn: string
  readonly sessionName: string
  /** As asked for; undefined where the client left it open. */
  readonly durationMs: number | undefined
  /** JSON text of at most 2048 characters; has not been parsed. */
  readonly sessionPolicy: string | undefined
}

export interface WebIdentityParameters extends RoleParameters {
  readonly token: string
}

export interface AssumeRoleParameters extends RoleParameters {
  readonly tags: SessionTags
  readonly sourceIdentity: string | undefined
  readonly externalId: string | undefined
}

/** STS takes no shorter session, s. */
const MIN_DURATION_S = 900
const MAX_DURATION_S = 43_200
const MAX_POLICY_CHARS = 2048

/** `RoleSessionName` and `SourceIdentity`: both end in ARNs, logs and the name of the upstream session. */
const SESSION_NAME = /^[A-Za-z0-9_+=,.@-]{2,64}$/
const EXTERNAL_ID = /^[A-Za-z0-9_+=,.@:/-]{2,1224}$/

const COMMON = ['RoleArn', 'RoleSessionName', 'DurationSeconds', 'Policy', 'PolicyArns']
const WEB_IDENTITY = new Set([...COMMON, 'WebIdentityToken'])
const ASSUME_ROLE = new Set([...COMMON, 'Tags', 'TransitiveTagKeys', 'SourceIdentity', 'ExternalId'])

/** Reads the parameters of `AssumeRoleWithWebIdentity`. The token has not been verified. */
export function readWebIdentity(parameters: JsonObject): WebIdentityParameters {
  refuseOthers(parameters, WEB_IDENTITY)
  const token = text(parameters, 'WebIdentityToken')
  if (token === undefined || token === '') throw invalid('`WebIdentityToken` is required')
  return { ...readCommon(parameters), token }
}

/** Reads the parameters of `AssumeRole`. */
export function readAssumeRole(parameters: JsonObject): AssumeRoleParameters {
  refuseOthers(parameters, ASSUME_ROLE)
  return {
    ...readCommon(parameters),
    tags: readTags(parameters['Tags'], parameters['TransitiveTagKeys']),
    sourceIdentity: checkSourceIdentity(text(parameters, 'SourceIdentity')),
    externalId: matching(parameters, 'ExternalId', EXTERNAL_ID),
  }
}

/** A source identity in the form that STS takes; undefined where there is none. */
export function checkSourceIdentity(value: string | undefined): string | undefined {
  if (value !== undefined && !SESSION_NAME.test(value)) {
    throw invalid('`SourceIdentity` must be 2 to 64 letters, digits or `_+=,.@-`')
  }
  return value
}

function readCommon(parameters: JsonObject): RoleParameters {
  const roleArn = text(parameters, 'RoleArn')
  if (roleArn === undefined || roleArn === '') throw invalid('`RoleArn` is required')
  const sessionName = matching(parameters, 'RoleSessionName', SESSION_NAME)
  if (sessionName === undefined) throw invalid('`RoleSessionName` is required')
  refusePolicyArns(parameters['PolicyArns'])
  const sessionPolicy = text(parameters, 'Policy')
  if (sessionPolicy !== undefined && (sessionPolicy === '' || sessionPolicy.length > MAX_POLICY_CHARS)) {
    throw invalid(`\`Policy\` must have 1 to ${MAX_POLICY_CHARS} characters`)
  }
  return { roleArn, sessionName, durationMs: readDuration(parameters['DurationSeconds']), sessionPolicy }
}

/** A managed policy lies in AWS, where the gate does not read it: to ignore it would widen the session. */
function refusePolicyArns(value: Json | undefined): void {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return
  throw invalid('`PolicyArns` is not supported by the gate; send the policy itself as `Policy`')
}

function readDuration(value: Json | undefined): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw invalid('`DurationSeconds` is not an integer')
  const violated = "1 validation error detected: value at 'durationSeconds' failed to satisfy constraint"
  if (value < MIN_DURATION_S) {
    throw invalid(`${violated}: member must have value greater than or equal to ${MIN_DURATION_S}`)
  }
  if (value > MAX_DURATION_S) {
    throw invalid(`${violated}: member must have value less than or equal to ${MAX_DURATION_S}`)
  }
  return value * 1000
}

/** What the gate does not know (`ProviderId`, `SerialNumber`) could mean more than it sees. */
function refuseOthers(parameters: JsonObject, known: ReadonlySet<string>): void {
  const other = Object.keys(parameters).find(name => !known.has(name))
  if (other !== undefined)
    throw invalid(`the STS of the gate does not take the parameter \`${shown(other)}\``)
}

function matching(parameters: JsonObject, name: string, form: RegExp): string | undefined {
  const value = text(parameters, name)
  if (value !== undefined && !form.test(value))
    throw invalid(`\`${name}\` does not have the form ${form.source}`)
  return value
}

function text(parameters: JsonObject, name: string): string | undefined {
  const value = parameters[name]
  if (value !== undefined && typeof value !== 'string') throw invalid(`\`${name}\` is not a string`)
  return value
}

/** Input in a message: short, printable ASCII. */
function shown(input: string): string {
  return input.slice(0, 64).replace(/[^\x21-\x7e]|`/g, '?')
}

function invalid(message: string): GateError {
  return new GateError('sts-parameter-invalid', message)
}
