import type { Protocol } from '../../../catalog/model.ts'
import type { NameValue } from '../../../core/http.ts'
import type { CanonicalRequest, Parameters } from '../call.ts'
import { readJsonRpc, writeJsonRpc } from './json.ts'
import type { InputMessage, OperationContext, ReadInput } from './operation.ts'
import { readQuery, writeQuery } from './query.ts'
import { readRestJson, writeRestJson } from './rest-json.ts'
import { readRestXml, writeRestXml } from './rest-xml.ts'
import { readRpcCbor, writeRpcCbor } from './smithy-rpc-v2-cbor.ts'

export type { InputMessage, OperationContext, ReadInput } from './operation.ts'

/*
 * The protocols of AWS: an operation's input from a message, and the gate's own message from the input.
 *
 * Invariants: `readInput` takes all of a message or refuses it; nothing that it does not return has a
 * meaning for AWS. `writeInput` looks at nothing but the parameters, and
 * `readInput(writeInput(parameters))` gives the parameters back.
 */

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
