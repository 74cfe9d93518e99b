import type { NameValue } from '../../../core/http.ts'
import { writeCbor } from '../../../wire/cbor/writer.ts'
import { parentElement, textElement, writeXml } from '../../../wire/xml/writer.ts'
import type { Dialect } from './wire-code.ts'

/** What is to be told. */
export interface Told {
  /** The error's name as the service's own errors are called: `AccessDeniedException`. */
  readonly code: string
  readonly status: number
  /** Public prose. */
  readonly message: string
  /** The event's id stands where AWS puts its request id, so that a client's log leads to the recording. */
  readonly eventId: string
  /** `Sender` where the client has to change something. */
  readonly sender: boolean
  /**
   * The error's name in the query protocol, for services that spoke it before they spoke JSON or CBOR: their
   * SDKs go by it still (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html, query compatibility).
   */
  readonly queryCode?: string
  /** The namespace of the service's XML, where it has one. */
  readonly xmlNamespace?: string
}

export interface RefusalReply {
  readonly status: number
  readonly headers: readonly NameValue[]
  readonly body: Buffer
}

/** Says it in the service's own protocol, so that the client's SDK raises its own exception. */
export function writeRefusal(dialect: Dialect, wanted: Told): RefusalReply {
  const told = { ...wanted, message: printable(wanted.message) }
  switch (dialect) {
    case 's3':
      return xml(told, 'x-amz-request-id', s3Error(told))
    case 'ec2':
      return xml(told, 'x-amzn-requestid', ec2Error(told))
    case 'query':
    case 'rest-xml':
      return xml(told, 'x-amzn-requestid', queryError(told))
    case 'json':
      return json(told, 'application/x-amz-json-1.1')
    case 'rest-json':
      return json(told, 'application/json')
    case 'cbor':
      return cbor(told)
  }
}

/**
 * A message names what was asked for, an object's key with control characters too: XML cannot carry those,
 * and a terminal would obey them.
 */
function printable(message: string): string {
  return message.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g, '\ufffd')
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
function s3Error({ code, message, eventId }: Told): string {
  return writeXml(
    parentElement('Error', [
      textElement('Code', code),
      textElement('Message', message),
      textElement('RequestId', eventId),
      textElement('HostId', 'sallyport'),
    ]),
  )
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
function ec2Error({ code, message, eventId }: Told): string {
  const error = parentElement('Error', [textElement('Code', code), textElement('Message', message)])
  return writeXml(
    parentElement('Response', [parentElement('Errors', [error]), textElement('RequestID', eventId)]),
  )
}

/** https://smithy.io/2.0/aws/protocols/aws-query-protocol.html (error serialisation); rest-xml is the same. */
function queryError({ code, message, eventId, sender, xmlNamespace }: Told): string {
  const error = parentElement('Error', [
    textElement('Type', sender ? 'Sender' : 'Receiver'),
    textElement('Code', code),
    textElement('Message', message),
  ])
  const root = parentElement('ErrorResponse', [error, textElement('RequestId', eventId)])
  return writeXml(xmlNamespace === undefined ? root : { ...root, attributes: [['xmlns', xmlNamespace]] })
}

function xml(told: Told, idHeader: string, document: string): RefusalReply {
  return {
    status: told.status,
    headers: [
      ['content-type', 'application/xml'],
      [idHeader, told.eventId],
    ],
    body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${document}`),
  }
}

/** https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html (operation error serialisation) */
function json(told: Told, contentType: string): RefusalReply {
  const { code, message } = told
  return {
    status: told.status,
    headers: [['content-type', contentType], ...typed(told)],
    // Some services spell it with a capital, and their SDKs look there only.
    body: Buffer.from(JSON.stringify({ __type: code, message, Message: message })),
  }
}

/** https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html (error responses) */
function cbor(told: Told): RefusalReply {
  const { code, message } = told
  return {
    status: told.status,
    headers: [['content-type', 'application/cbor'], ['smithy-protocol', 'rpc-v2-cbor'], ...typed(told)],
    body: Buffer.from(
      writeCbor(
        new Map([
          ['__type', code],
          ['message', message],
        ]),
      ),
    ),
  }
}

function typed({ code, eventId, queryCode, sender }: Told): NameValue[] {
  const headers: NameValue[] = [
    ['x-amzn-requestid', eventId],
    ['x-amzn-errortype', code],
  ]
  if (queryCode !== undefined)
    headers.push(['x-amzn-query-error', `${queryCode};${sender ? 'Sender' : 'Receiver'}`])
  return headers
}
