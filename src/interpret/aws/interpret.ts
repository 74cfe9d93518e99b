import type { Catalog, Protocol, ServiceHead } from '../../catalog/model.ts'
import { GateError } from '../../core/errors.ts'
import { Answer } from './answer.ts'
import { isAccountId, parseArn } from './arn.ts'
import { authorize } from './authorize.ts'
import type { AwsCall, Candidate, Parameters } from './call.ts'
import type { Caller } from './caller.ts'
import { addParameterKeys, addPlainKeys } from './context.ts'
import { type OperationContext, type ReadInput, readInput, writeInput } from './protocols/protocol.ts'
import { withQueueUrl } from './queue-url.ts'
import type { Route, RoutedOperation } from './routing/facts.ts'
import { apiVersion, checkHeaderUse, replyHeaders } from './routing/headers.ts'
import { checkQueuePath } from './routing/queue-path.ts'

/** A request read as one of the operations that it may be. */
interface Reading {
  readonly op: OperationContext
  readonly input: ReadInput
}

/**
 * Reads a routed request in full: its parameters, what it asks for, and the gate's own form of it. It is
 * decided for every operation that it may be, and forwarded as the first.
 * @param body decoded; undefined when there is none or it is streamed
 * @throws GateError for whatever is not understood: `header-*`, `parameter-*`, `body-*`, `host-unclear`,
 *   `operation-unmapped`, `too-many-*` and those of the rules in `services/`
 */
export function interpretCall(
  catalog: Catalog,
  route: Route,
  body: Buffer | undefined,
  caller: Caller,
): AwsCall {
  const readings = readCandidates(catalog, route, body)
  const [first] = readings
  if (first === undefined) throw new GateError('operation-unknown', 'the request names no operation')
  const { op, input } = first
  const answer = new Answer()
  for (const reading of readings) {
    ask(catalog, nameOf(reading.op), reading.input.parameters, route.facts.region, caller, answer)
  }
  addParameterKeys(input.parameters, answer)
  if (op.service.id === 's3') answer.setKey('s3:authType', authType(route))
  const canonical = writeInput(op, input.parameters, {
    extraHeaders: [...apiVersion(op.service), ...replyHeaders(route.head.headers)],
  })
  if (!isAccountEndpoint(route, op.service, caller, answer)) {
    checkHostPrefix(route, op.service, canonical.hostPrefix)
  }
  return {
    ...nameOf(op),
    candidates: readings.map(reading => nameOf(reading.op)),
    protocol: op.protocol,
    region: route.facts.region,
    parameters: input.parameters,
    sensitive: [...new Set(readings.flatMap(reading => reading.input.sensitive))],
    pairs: answer.pairs,
    context: answer.context,
    canonical,
    streamsIn: route.body === 'stream',
    streamsOut: op.operation.streamsOut,
  }
}

/** What a call asks for, without a request: for `policy explain`. */
export interface Asked {
  readonly pairs: AwsCall['pairs']
  readonly context: AwsCall['context']
}

/**
 * What a call with these parameters would ask for.
 * @param parameters by the member names of the AWS API; they have been checked against the shapes
 * @throws GateError `operation-unmapped`, `too-many-*` and those of the rules in `services/`
 */
export function readCallFromParameters(
  catalog: Catalog,
  service: string,
  operation: string,
  parameters: Parameters,
  region: string,
  caller: Caller,
): Asked {
  const answer = new Answer()
  ask(catalog, { service, operation }, parameters, region, caller, answer)
  addParameterKeys(parameters, answer)
  return { pairs: answer.pairs, context: answer.context }
}

function ask(
  catalog: Catalog,
  { service, operation }: Candidate,
  parameters: Parameters,
  region: string,
  caller: Caller,
  answer: Answer,
): void {
  const authorization = catalog.authorization(service, operation)
  authorize({ service, operation, parameters, region, caller, catalog, authorization }, answer)
  addPlainKeys(service, parameters, answer)
}

function nameOf({ service, operation }: OperationContext): Candidate {
  return { service: service.id, operation: operation.name }
}

/**
 * The readings of all candidates. A twin whose shapes refuse the message is not what it is, for it goes on
 * in the form and to the host of the first that takes it; if none does, the first one's refusal stands.
 */
function readCandidates(catalog: Catalog, route: Route, body: Buffer | undefined): readonly Reading[] {
  const readings: Reading[] = []
  let refusal: unknown
  for (const candidate of inOrder(route)) {
    try {
      readings.push(readCandidate(catalog, route, candidate, body))
    } catch (error) {
      if (!(error instanceof GateError)) throw error
      refusal ??= error
    }
  }
  if (readings.length === 0 && refusal !== undefined) throw refusal
  return readings
}

/** The service that is called what the signature says comes first: `rds` before its twin `docdb`. */
function inOrder({ candidates, facts }: Route): readonly RoutedOperation[] {
  const isNamed = ({ service }: RoutedOperation): number => (service.id === facts.signingName ? 0 : 1)
  return [...candidates].sort((a, b) => isNamed(a) - isNamed(b))
}

function readCandidate(
  catalog: Catalog,
  route: Route,
  candidate: RoutedOperation,
  body: Buffer | undefined,
): Reading {
  const { service, operation, labels, query } = candidate
  const protocol: Protocol = candidate.protocol
  const op: OperationContext = { protocol, service, operation, shapes: catalog.shapes(service.id) }
  const read = readInput(op, { head: route.head, labels, query, body })
  checkQueuePath(route.head, service, read.parameters)
  const parameters = withQueueUrl(catalog, service.id, route.facts.region, read.parameters)
  const input = { ...read, parameters }
  const { signedHeaders, presigned } = route.facts
  checkHeaderUse({ headers: route.head.headers, used: input.usedHeaders, signed: signedHeaders, presigned })
  return { op, input }
}

/** S3's name for where the client's signature is. */
function authType({ facts }: Route): string {
  return facts.presigned ? 'REST-QUERY-STRING' : 'REST-HEADER'
}

/** A prefix that a client put before the host has to be the one that the parameters make. */
function checkHostPrefix(route: Route, service: ServiceHead, made: string): void {
  if (route.hostPrefix === '' || service.id === 's3') return
  if (route.hostPrefix !== made.toLowerCase()) {
    throw new GateError(
      'host-unclear',
      `the host begins with \`${route.hostPrefix}\`, the call has none such`,
    )
  }
}

/**
 * DynamoDB has an endpoint for each account, which SDKs call by themselves: the one of the caller, or of
 * the table's ARN. The call is sent to the endpoint of the region, where the parameters say the same.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-account-endpoints.html
 */
function isAccountEndpoint(route: Route, service: ServiceHead, caller: Caller, answer: Answer): boolean {
  const account = route.hostPrefix.slice(0, -1)
  if (service.id !== 'dynamodb' || !isAccountId(account) || !route.hostPrefix.endsWith('.')) return false
  return (
    account === caller.account || answer.pairs.some(({ resource }) => parseArn(resource)?.account === account)
  )
}
