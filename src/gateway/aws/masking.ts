import type { Decision, DecisionRequest, Obligation, Pair, StatementRef } from '../../core/decision.ts'
import { GateError } from '../../core/errors.ts'
import type { AwsCall } from '../../interpret/aws/call.ts'
import { withStoredEtags } from '../../mask/objects/headers.ts'
import { type ObjectRequest, prepareObjectRead } from '../../mask/objects/object-read.ts'
import { readPattern } from '../../mask/pattern.ts'
import { Place } from '../../mask/place.ts'
import type { Masking, MaskPlan, MaskRule, MaskSummary } from '../../mask/port.ts'
import type { RecordedMasks } from '../../record/event.ts'
import type { AwsQuestion } from './question.ts'

/** Decides by the policies of the principal's role. */
type Decide = (request: DecisionRequest) => Decision

/** What masks by default; stands in recordings where a statement of a policy would. */
const BUILT_IN: StatementRef = { policy: 'the gate', statement: 'SensitiveFields', effect: 'Mask' }
/** Every field of every reply: whoever may unmask these, may unmask all. */
const ALL_FIELDS = 'arn:sallyport:gate:::field/*'
/** Places that an event lists. */
const MAX_PLACES = 20

/**
 * The decision with what is masked by default: the fields of the reply that are secrets, but for those that
 * the principal may see by `gate:Unmask`. A mask that no reply of AWS could take denies the call.
 */
function withMasks(decision: Decision, question: AwsQuestion, masking: Masking, decide: Decide): Decision {
  if (decision.effect === 'deny') return decision
  const columns = decision.obligations.find(({ fields, detect }) => fields.length + detect.length === 0)
  if (columns !== undefined) return unmaskable(columns)
  const { call, request } = question
  if (copiesMasked(question, decide)) return uncopyable('its copy')
  if (queriesMasked(question, decision)) return uncopyable('what a query finds in it')
  const unmasks: Unmasks = resource => mayUnmask(resource, request, decision, decide)
  const hidden = hiddenFields(call, masking.builtInFields(call), unmasks)
  if (hidden.length === 0) return decision
  const { as, detect, otherObjects } = masking.builtInRule(hidden)
  const builtIn: Obligation = {
    kind: 'mask',
    fields: hidden,
    columns: [],
    detect,
    as,
    otherObjects,
    from: BUILT_IN,
  }
  return { ...decision, obligations: [...decision.obligations, builtIn] }
}

/** Calls that write what they read, out of the gate's sight. */
const COPIES: ReadonlySet<string> = new Set(['CopyObject', 'UploadPartCopy'])

/** Whether the call would copy an object that this principal sees masked to where it may not be. */
function copiesMasked({ call, request }: AwsQuestion, decide: Decide): boolean {
  if (call.service !== 's3' || !COPIES.has(call.operation)) return false
  const sources = call.pairs.filter(readsObject)
  if (sources.length === 0) return false
  return decide({ ...request, pairs: sources }).obligations.some(masksContents)
}

/** A read of an object; from a directory bucket it is a session that only reads. */
function readsObject({ action, context }: Pair): boolean {
  if (action === 's3express:CreateSession') return context?.get('s3express:sessionmode')?.[0] === 'ReadOnly'
  return action === 's3:GetObject' || action === 's3:GetObjectVersion'
}

/** Whether the call would read, in another member of its reply, an object whose contents are masked as such. */
function queriesMasked({ call }: AwsQuestion, { obligations }: Decision): boolean {
  if (call.service !== 's3' || call.operation !== 'SelectObjectContent') return false
  return obligations.some(({ fields }) => namesMember(fields, 'Body') && !namesMember(fields, 'Payload'))
}

function masksContents({ detect, fields }: Obligation): boolean {
  return detect.length > 0 || namesMember(fields, 'Body')
}

/** Whether a field, with whatever wildcards, names a member of the output itself. */
function namesMember(fields: readonly string[], member: string): boolean {
  const patterns = fields.map(field => ({ steps: readPattern(field), treatment: 'full' as const }))
  return Place.root(patterns).member(member).treatment !== undefined
}

/** @param what of the object would be in plain view */
function uncopyable(what: string): Decision {
  return {
    effect: 'deny',
    statements: [],
    obligations: [],
    denial: {
      kind: 'explicit',
      reason: `the object is masked for this principal, and ${what} would not be`,
    },
  }
}

/** Those that the principal may not see. An Allow of `*` lets it see all, at the price of one question. */
function hiddenFields(call: AwsCall, fields: readonly string[], unmasks: Unmasks): readonly string[] {
  if (fields.length === 0 || unmasks(ALL_FIELDS)) return []
  return fields.filter(field => {
    return !unmasks(`arn:sallyport:gate:::field/${call.service}/${call.operation}/${field}`)
  })
}

/** Whether the principal may see a field, or all of them. */
type Unmasks = (resource: string) => boolean

/** A break-glass statement unmasks only what passes by broken glass itself: of the call people are told. */
function mayUnmask(
  resource: string,
  { principal, context }: DecisionRequest,
  { brokeGlass: ofCall }: Decision,
  decide: Decide,
): boolean {
  const certainty = resource === ALL_FIELDS ? 'any' : 'exact'
  const pair: Pair = { action: 'gate:Unmask', resource, certainty }
  const { effect, brokeGlass } = decide({ principal, pairs: [pair], context })
  return effect === 'allow' && (brokeGlass === undefined || ofCall !== undefined)
}

function unmaskable({ from }: Obligation): Decision {
  return {
    effect: 'deny',
    statements: [from],
    obligations: [],
    denial: {
      kind: 'explicit',
      reason: `the statement \`${from.statement}\` of \`${from.policy}\` masks columns, which a reply of AWS does not have`,
    },
  }
}

/** Decides a call, with what its reply is masked by. */
export function decideMasked(
  question: AwsQuestion,
  { decide, masking }: { readonly decide: Decide; readonly masking: Masking },
): Decision {
  const decision = withMasks(decide(question.request), question, masking, decide)
  if (decision.effect === 'deny' || decision.obligations.length === 0) return decision
  return cannotBeMasked(question.call, decision.obligations, masking) ?? decision
}

/** The denial of a call whose reply could not be masked, whatever it is: known before anything has left. */
function cannotBeMasked(
  call: AwsCall,
  obligations: readonly Obligation[],
  masking: Masking,
): Decision | undefined {
  try {
    plans.set(obligations, planOf(call, obligations, masking))
    return undefined
  } catch (error) {
    if (!(error instanceof GateError) || error.code === 'internal') throw error
    return {
      effect: 'deny',
      statements: obligations.map(({ from }) => from),
      obligations: [],
      denial: { kind: 'explicit', code: error.code, reason: error.message },
    }
  }
}

/** Plans by the obligations of the decision that they were made for. */
const plans = new WeakMap<readonly Obligation[], MaskPlan | undefined>()

/** What has to be done to the reply; undefined where it passes as it is. Throws `mask-rule-invalid`. */
export function planMasks(
  call: AwsCall,
  obligations: readonly Obligation[],
  masking: Masking,
): MaskPlan | undefined {
  if (obligations.length === 0) return undefined
  return plans.has(obligations) ? plans.get(obligations) : planOf(call, obligations, masking)
}

function planOf(call: AwsCall, obligations: readonly Obligation[], masking: Masking): MaskPlan | undefined {
  const rules = obligations.map(({ from, fields, detect, as, otherObjects }): MaskRule => {
    return from === BUILT_IN ? masking.builtInRule(fields) : { fields, detect, as, otherObjects }
  })
  return masking.plan(call, rules)
}

/** Whether these obligations mask every one of the fields that are masked by default. */
export function masksAll(obligations: readonly Obligation[], fields: readonly string[]): boolean {
  if (fields.length === 0) return true
  const masked = obligations.find(({ from }) => from === BUILT_IN)
  if (masked === undefined) return false
  const hidden = new Set(masked.fields)
  return fields.every(field => hidden.has(field))
}

/** Refuses a call that would write a mask where a value was. Throws `mask-carried-back`. */
export function refuseMaskedInput(call: AwsCall, masking: Masking): void {
  const place = masking.findMask(call)
  if (place === undefined) return
  throw new GateError(
    'mask-carried-back',
    `the parameter \`${place}\` carries a value that the gate had masked`,
  )
}

/** What was masked, as the journal keeps it. */
export function recordedMasks({ fields, detected, values }: MaskSummary): RecordedMasks {
  const places = [...fields.map(({ name }) => name), ...detected.map(({ name }) => `a value like ${name}`)]
  return { count: values, places: places.slice(0, MAX_PLACES) }
}

/** Headers and query as they go to S3: what a read of a masked object asks for, and ETags as S3 knows them. */
export function storedForm(
  { service, canonical }: AwsCall,
  plan: MaskPlan | undefined,
  masking: Masking,
): ObjectRequest {
  const { query } = canonical
  const headers = service === 's3' ? masking.storedEtags(canonical.headers) : canonical.headers
  if (plan?.object === true) return prepareObjectRead({ headers, query }).request
  return { headers: service === 's3' ? withStoredEtags(headers) : headers, query }
}

/** The actions that read what one writes. A session of a directory bucket reads as it writes. */
const READ_BACK: ReadonlyMap<string, readonly string[]> = new Map([
  ['s3:PutObject', ['s3:GetObject', 's3:GetObjectVersion']],
  ['s3express:CreateSession', ['s3express:CreateSession']],
])

/**
 * Whether an upload is looked through for masks: where this principal would see the object masked, in part
 * or as a whole. It may hold what it was given in the place of what it must not see.
 */
export function scansUpload(
  { call, request }: AwsQuestion,
  { decide }: { readonly decide: Decide },
): boolean {
  if (call.service !== 's3') return false
  return call.pairs.some(pair =>
    (READ_BACK.get(pair.action) ?? []).some(action =>
      decide({ ...request, pairs: [{ ...pair, action }] }).obligations.some(masksContents),
    ),
  )
}
