import type { ServiceHead } from '../../../catalog/model.ts'
import { GateError } from '../../../core/errors.ts'
import type { HttpHead } from '../../../core/http.ts'
import type { Parameters } from '../call.ts'

/**
 * SQS clients may send to the path of a queue's URL. The canonical request goes to `/`, so a path that
 * names another queue than `QueueUrl` would be a second meaning.
 * @throws GateError `request-ambiguous`
 */
export function checkQueuePath(head: HttpHead, service: ServiceHead, parameters: Parameters): void {
  if (service.id !== 'sqs') return
  const mark = head.target.indexOf('?')
  const path = mark === -1 ? head.target : head.target.slice(0, mark)
  if (path === '/' || path.startsWith('/service/')) return
  const url = parameters['QueueUrl']
  if (typeof url !== 'string' || !url.endsWith(path)) {
    throw new GateError('request-ambiguous', 'the path names another queue than `QueueUrl`')
  }
}
