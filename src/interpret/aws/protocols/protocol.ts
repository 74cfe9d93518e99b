import type { OperationHead, Protocol, ServiceHead, ServiceShapes } from '../../../catalog/model.ts'
import type { HttpHead, NameValue } from '../../../core/http.ts'
import type { CanonicalRequest, Parameters } from '../call.ts'
import { readJsonRpc, writeJsonRpc } from './json.ts'
import { readQuery, writeQuery } from './query.ts'
import { readRestJson, writeRestJson } from './rest-json.ts'
import { readRestXml, writeRestXml } from './rest-xml.ts'
import { readRpcCbor, writeRpcCbor } from './smithy-rpc-v2-cbor.ts'

/*
 * The protocols of AWS: an operation's input from a message, and the gate's own message from the input.
 *
 * Invariants: `readInput` takes all of a message or refuses it; nothing that it does not return has a
 * meaning for AWS. `writeInput` looks at nothing but the parameters, and
 * `readInput(writeInput(parameters))` gives the parameters back.
 */

/** The operation that the router found, with what its protocol needs. */
export interface OperationContext {
  /** The protocol of this very message; services with several take any of theirs. */
  readonly protocol: Protocol
  readonly service: ServiceHead
  readonly operation: OperationHead
  readonly shapes: ServiceShapes
}

/** A message as the router leaves it. Nothing in it has been verified against the shapes. */
export interface InputMessage {
  readonly head: HttpHead
  /** Labels of the URI template by their names without `+`, percent-decoded once. */
  readonly labels: ReadonlyMap<string, string>
  /** The query string decoded, without those of a presigned signature. */
  readonly query: readonly NameValue[]
  /** The decoded (not chunked) body; undefined when it is streamed or empty. */
  readonly body: Buffer | undefined
}

export interface ReadInput {
  readonly parameters: Parameters
  /** Headers, in lower case, that carried input or that the canonical request makes anew. */
  readonly usedHeaders: ReadonlySet<string>
  /** Paths in `parameters` whose values are sensitive by the catalog: `A.B[2].C`, `Map["key"]`. */
  readonly sensitive: readonly string[]
}

/** What goes along with the parameters. */
export interface WriteOptions {
  /** Headers that carry no input and ask for a form of the reply (`x-amzn-query-mode`); none by default. */
  readonly extraHeaders?: readonly NameValue[]
}

interface Codec {
  read(op: OperationContext, message: InputMessage): ReadInput
  write(op: OperationContext, parameters: Parameters): CanonicalRequest
}

const CODECS: Readonly<Record<Protocol, Codec>> = {
  query: { read: readQuery, write: writeQuery },
  ec2: { read: readQuery, write: writeQuery },
  json: { read: readJsonRpc, write: writeJsonRpc },
  'rest-json': { read: readRestJson, write: writeRestJson },
  'rest-xml': { read: readRestXml, write: writeRestXml },
  'smithy-rpc-v2-cbor': { read: readRpcCbor, write: writeRpcCbor },
}

/**
 * The parameters of an operation from a message, checked against the operation's shapes. Members that
 * AWS requires may be missing (AWS will say so), and enum values are not compared.
 * @throws GateError `parameter-*`, `body-*`, `content-type-mismatch`, `header-duplicate`, `checksum-*`,
 *   and those of the codecs in `wire/`
 */
export function readInput(op: OperationContext, message: InputMessage): ReadInput {
  return CODECS[op.protocol].read(op, message)
}

/**
 * The gate's own form of a call: made from the parameters alone.
 * @throws GateError `parameter-*` where the parameters are not those of the operation
 */
export function writeInput(
  op: OperationContext,
  parameters: Parameters,
  options: WriteOptions = {},
): CanonicalRequest {
  const request = CODECS[op.protocol].write(op, parameters)
  const extra = options.extraHeaders ?? []
  return extra.length === 0 ? request : { ...request, headers: [...request.headers, ...extra] }
}
