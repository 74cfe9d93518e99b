import { readXml } from '../../../wire/xml/reader.ts'
import { writeXml } from '../../../wire/xml/writer.ts'
import type { CanonicalRequest, Parameters } from '../call.ts'
import type { InputMessage, OperationContext, ReadInput } from './operation.ts'
import { type RestBody, readRest, writeRest } from './rest.ts'
import { malformedParameter, ownMember } from './walk.ts'
import { readXmlStructure, writeXmlStructure } from './xml-body.ts'

/*
 * AWS restXml (https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html): as restJson1, with XML. The
 * root element bears the name of the payload member or of the input shape; AWS looks at its content only,
 * and clients differ in what they call it, so any one name is taken and the model's is written.
 */

function xmlBody(op: OperationContext): RestBody {
  const { xmlNamespace } = op.service
  return {
    read(walk, resolved, body, path) {
      if (resolved.shape.type !== 'structure') throw malformedParameter(path, 'a structure')
      const own = resolved.xmlNamespace?.uri
      const namespaces = new Set([own, xmlNamespace].filter(uri => uri !== undefined))
      return readXmlStructure({ ...walk, namespaces }, resolved, readXml(body), path)
    },
    write(_op, resolved, value, payload) {
      const name =
        payload === undefined ? (resolved.wireName ?? resolved.ref.shape) : (payload.wireName ?? payload.name)
      const content = payload === undefined ? value : (ownMember(value, payload.name) ?? {})
      return Buffer.from(
        writeXml(writeXmlStructure(op.shapes, resolved, content, name, payload?.name ?? '')),
        'utf8',
      )
    },
    contentType: 'application/xml',
    writesEmpty: false,
  }
}

export function readRestXml(op: OperationContext, message: InputMessage): ReadInput {
  return readRest(op, message, xmlBody(op))
}

export function writeRestXml(op: OperationContext, parameters: Parameters): CanonicalRequest {
  return writeRest(op, parameters, xmlBody(op))
}
