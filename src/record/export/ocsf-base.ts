import { isIP } from 'node:net'
import type { JsonObject } from '../../core/json.ts'
import type { RecordedPrincipal } from '../event.ts'
import { arnParts } from './arn.ts'
import { present } from './call.ts'

/** https://schema.ocsf.io/1.6.0 */
export const OCSF_VERSION = '1.6.0'

/** A class of events, and its category. */
export interface OcsfClass {
  readonly uid: number
  readonly name: string
  readonly category: number
  readonly categoryName: string
}

export const API_ACTIVITY: OcsfClass = {
  uid: 6003,
  name: 'API Activity',
  category: 6,
  categoryName: 'Application Activity',
}

export const DATASTORE_ACTIVITY: OcsfClass = {
  uid: 6005,
  name: 'Datastore Activity',
  category: 6,
  categoryName: 'Application Activity',
}

export const AUTHENTICATION: OcsfClass = {
  uid: 3002,
  name: 'Authentication',
  category: 3,
  categoryName: 'Identity & Access Management',
}

export const ENTITY_MANAGEMENT: OcsfClass = {
  uid: 3004,
  name: 'Entity Management',
  category: 3,
  categoryName: 'Identity & Access Management',
}

/** A value of an enumeration: its number, and the caption that stands beside it. */
export type Choice = readonly [id: number, caption: string]

export const SEVERITY: Readonly<Record<'informational' | 'low' | 'high', Choice>> = {
  informational: [1, 'Informational'],
  low: [2, 'Low'],
  high: [4, 'High'],
}

export const STATUS: Readonly<Record<'unknown' | 'success' | 'failure', Choice>> = {
  unknown: [0, 'Unknown'],
  success: [1, 'Success'],
  failure: [2, 'Failure'],
}

/** `Other`, with the word of our own that the schema asks for beside it. */
export const other = (caption: string): Choice => [99, caption]

/** What every event has. */
export interface OcsfHead {
  readonly class: OcsfClass
  readonly activity: Choice
  readonly severity: Choice
  readonly status: Choice
  /** The journal's id. */
  readonly id: string
  readonly timeMs: number
  readonly sessionId: string | undefined
  readonly message: string
  /** Beside `cloud`, which every event has. */
  readonly profiles?: readonly string[]
  /** The parameters were cut when they were recorded. */
  readonly truncated?: boolean
}

export function headOf(head: OcsfHead): JsonObject {
  const [activityId, activityName] = head.activity
  const [severityId, severity] = head.severity
  const [statusId, status] = head.status
  // Of `Other`, the schema names the type by the number, whatever the word beside it.
  const typeName = `${head.class.name}: ${activityId === 99 ? 'Other' : activityName}`
  return {
    class_uid: head.class.uid,
    class_name: head.class.name,
    category_uid: head.class.category,
    category_name: head.class.categoryName,
    activity_id: activityId,
    activity_name: activityName,
    type_uid: head.class.uid * 100 + activityId,
    type_name: typeName,
    time: head.timeMs,
    severity_id: severityId,
    severity,
    status_id: statusId,
    status,
    message: head.message,
    metadata: present({
      version: OCSF_VERSION,
      product: { name: 'Sallyport', vendor_name: 'Sallyport' },
      log_name: 'journal',
      uid: head.id,
      correlation_uid: head.sessionId,
      profiles: ['cloud', ...(head.profiles ?? [])],
      is_truncated: head.truncated === true ? true : undefined,
    }),
  }
}

/** The cloud that it was about; only its provider where nobody knows the account. */
export function cloudOf(principal: RecordedPrincipal | undefined, region?: string): JsonObject {
  const { account, partition } = principal === undefined ? NOWHERE : arnParts(principal.roleArn)
  return present({
    provider: 'AWS',
    account: account === '' ? undefined : { uid: account, type_id: 10, type: 'AWS Account' },
    cloud_partition: partition === '' ? undefined : partition,
    region: region === '' ? undefined : region,
  })
}

const NOWHERE = { account: '', partition: '' } as const

/** The principal as a user: the session's ARN, and the subject that an issuer vouched for. */
export function userOf(principal: RecordedPrincipal): JsonObject {
  const { account } = arnParts(principal.roleArn)
  return present({
    uid: principal.arn,
    name: principal.subject,
    domain: principal.issuer,
    type_id: 99,
    type: 'Principal',
    account: account === '' ? undefined : { uid: account, type_id: 10, type: 'AWS Account' },
  })
}

/** Who acted. A caller that proved nothing is a user without a name. */
export function actorOf(principal: RecordedPrincipal | undefined, sessionId: string | undefined): JsonObject {
  if (principal === undefined) return { user: { name: 'unknown', type_id: 0, type: 'Unknown' } }
  return present({
    user: userOf(principal),
    session: present({ uid: sessionId, issuer: principal.issuer, is_remote: true }),
    idp: { name: principal.issuer },
  })
}

/** `ip_t` of the schema: the longest that it takes, zeros in front and all. */
const MAX_IP_CHARACTERS = 40

/** An address as an endpoint: text that is no IP address stands as its name. */
export function endpointOf(address: string): JsonObject {
  if (isIP(address) !== 0 && address.length <= MAX_IP_CHARACTERS) return { ip: address }
  return { name: address === '' ? 'unknown' : address }
}
