import assert from 'node:assert/strict'
import test from 'node:test'
import { ERROR_CODES, type ErrorCode } from '../../../core/codes.ts'
import { readCbor } from '../../../wire/cbor/reader.ts'
import type { XmlElement } from '../../../wire/xml/element.ts'
import { readXml } from '../../../wire/xml/reader.ts'
import { type RefusalReply, type Told, writeRefusal } from './reply.ts'
import { type Dialect, type Fault, faultOf, queryCode, serviceWording, wording } from './wire-code.ts'

const EVENT = '01JD00000000000000000000AB'
const MESSAGE = 'no statement allows `s3:GetObject` on `arn:aws:s3:::a/<b>&"c"`'

function told(dialect: Dialect, fault: Fault, service?: string): Told {
  return {
    ...serviceWording(dialect, fault, service),
    ...queryCode(fault, service),
    message: MESSAGE,
    eventId: EVENT,
    sender: true,
  }
}

const header = (reply: RefusalReply, wanted: string): string | undefined =>
  reply.headers.find(([name]) => name === wanted)?.[1]

/** The text at a path of element names, the root's first. */
function at(element: XmlElement, ...path: string[]): string | undefined {
  assert.equal(element.name, path[0])
  let here: XmlElement | undefined = element
  for (const name of path.slice(1)) here = here?.children.find(child => child.name === name)
  return here?.text
}

test('S3 says it as S3 does', () => {
  const reply = writeRefusal('s3', told('s3', 'denied'))
  const document = readXml(reply.body)
  assert.equal(reply.status, 403)
  assert.equal(at(document, 'Error', 'Code'), 'AccessDenied')
  assert.equal(at(document, 'Error', 'Message'), MESSAGE)
  assert.equal(at(document, 'Error', 'RequestId'), EVENT)
  assert.equal(header(reply, 'x-amz-request-id'), EVENT)
  assert.equal(header(reply, 'content-type'), 'application/xml')
})

test('query and rest-xml have an ErrorResponse', () => {
  for (const dialect of ['query', 'rest-xml'] as const) {
    const namespace = 'https://iam.amazonaws.com/doc/2010-05-08/'
    const reply = writeRefusal(dialect, { ...told(dialect, 'denied'), xmlNamespace: namespace })
    const document = readXml(reply.body)
    assert.equal(reply.status, 403)
    assert.deepEqual(document.attributes, [['xmlns', namespace]])
    assert.equal(at(document, 'ErrorResponse', 'Error', 'Type'), 'Sender')
    assert.equal(at(document, 'ErrorResponse', 'Error', 'Code'), 'AccessDenied')
    assert.equal(at(document, 'ErrorResponse', 'Error', 'Message'), MESSAGE)
    assert.equal(at(document, 'ErrorResponse', 'RequestId'), EVENT)
  }
})

test('SNS has a code of its own', () => {
  const document = readXml(writeRefusal('query', told('query', 'denied', 'sns')).body)
  assert.equal(at(document, 'ErrorResponse', 'Error', 'Code'), 'AuthorizationError')
  assert.equal(serviceWording('query', 'expired', 'sns').code, 'ExpiredToken')
})

test('EC2 has Errors in a Response', () => {
  const reply = writeRefusal('ec2', told('ec2', 'denied'))
  const document = readXml(reply.body)
  assert.equal(reply.status, 403)
  assert.equal(at(document, 'Response', 'Errors', 'Error', 'Code'), 'UnauthorizedOperation')
  assert.equal(at(document, 'Response', 'Errors', 'Error', 'Message'), MESSAGE)
  assert.equal(at(document, 'Response', 'RequestID'), EVENT)
})

test('JSON names the error in the body and in a header', () => {
  for (const [dialect, status] of [
    ['json', 400],
    ['rest-json', 403],
  ] as const) {
    const reply = writeRefusal(dialect, told(dialect, 'denied'))
    assert.equal(reply.status, status)
    assert.deepEqual(JSON.parse(reply.body.toString()), {
      __type: 'AccessDeniedException',
      message: MESSAGE,
      Message: MESSAGE,
    })
    assert.equal(header(reply, 'x-amzn-errortype'), 'AccessDeniedException')
    assert.equal(header(reply, 'x-amzn-requestid'), EVENT)
    assert.equal(header(reply, 'x-amzn-query-error'), undefined)
  }
})

test('services that spoke query before say its code too', () => {
  assert.equal(
    header(writeRefusal('json', told('json', 'denied', 'sqs')), 'x-amzn-query-error'),
    'AccessDenied;Sender',
  )
  const reply = writeRefusal('cbor', { ...told('cbor', 'internal', 'cloudwatch'), sender: false })
  assert.equal(header(reply, 'x-amzn-query-error'), 'InternalFailure;Receiver')
})

test('CBOR is a map', () => {
  const reply = writeRefusal('cbor', told('cbor', 'denied'))
  assert.deepEqual(
    readCbor(reply.body),
    new Map([
      ['__type', 'AccessDeniedException'],
      ['message', MESSAGE],
    ]),
  )
  assert.equal(header(reply, 'smithy-protocol'), 'rpc-v2-cbor')
  assert.equal(header(reply, 'content-type'), 'application/cbor')
})

test('a name that XML cannot carry does not keep a refusal from being told', () => {
  for (const dialect of ['s3', 'rest-xml', 'query', 'ec2', 'json', 'rest-json', 'cbor'] as const) {
    const reply = writeRefusal(dialect, {
      ...told(dialect, 'denied'),
      message: 'not on `a\u0001\u001b[31m\ud800\uffff`',
    })
    assert.ok(reply.body.includes('not on `a\ufffd\ufffd[31m\ufffd\ufffd`'), dialect)
  }
})

test('each fault has the code by which SDKs refresh credentials, correct clocks and retry', () => {
  // botocore's retryhandler and the JavaScript SDK's service-error-classification go by these names.
  assert.deepEqual(
    (['s3', 'query', 'ec2', 'json', 'rest-json', 'cbor'] as const).map(dialect => [
      wording(dialect, 'expired').code,
      wording(dialect, 'throttled').code,
      wording(dialect, 'signature').code,
    ]),
    [
      ['ExpiredToken', 'SlowDown', 'SignatureDoesNotMatch'],
      ['ExpiredToken', 'Throttling', 'SignatureDoesNotMatch'],
      ['RequestExpired', 'RequestLimitExceeded', 'SignatureDoesNotMatch'],
      ['ExpiredTokenException', 'ThrottlingException', 'InvalidSignatureException'],
      ['ExpiredTokenException', 'ThrottlingException', 'InvalidSignatureException'],
      ['ExpiredTokenException', 'ThrottlingException', 'InvalidSignatureException'],
    ],
  )
})

test('every error of the gate is a fault of the right side', () => {
  for (const [code, { party, status }] of Object.entries(ERROR_CODES)) {
    const fault = faultOf(code as ErrorCode)
    if (party === 'client' && status < 500) {
      assert.ok(fault !== 'internal' && fault !== 'unavailable', `${code} is ${fault}`)
    }
    if (status >= 500 && code !== 'overloaded')
      assert.match(fault, /^(internal|unavailable|denied|throttled)$/, code)
  }
  assert.equal(faultOf('signature-mismatch'), 'signature')
  assert.equal(faultOf('signature-skewed'), 'clock')
  assert.equal(faultOf('credentials-expired'), 'expired')
  assert.equal(faultOf('overloaded'), 'throttled')
  assert.equal(faultOf('json-duplicate'), 'invalid')
})
