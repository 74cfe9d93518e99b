import type { Catalog } from '../../catalog/model.ts'
import { GateError } from '../../core/errors.ts'
import type { Parameters } from './call.ts'

/** `/111122223333/builds`, with or without `.fifo`. */
const QUEUE_PATH = /^\/(\d{12})\/([A-Za-z0-9_-]{1,80}(?:\.fifo)?)$/

/**
 * The parameters as they are meant and sent: the URL of an SQS queue with AWS's own host. A client that got
 * the URL by the gate has it with the gate's host, so that an SDK that calls the URL comes to the gate; of
 * whatever host, it is the account and the name that tell the queue.
 * @throws GateError `parameter-malformed`
 */
export function withQueueUrl(
  catalog: Catalog,
  service: string,
  region: string,
  parameters: Parameters,
): Parameters {
  const url = service === 'sqs' ? parameters['QueueUrl'] : undefined
  if (typeof url !== 'string') return parameters
  const path = URL.canParse(url) ? new URL(url).pathname : url
  if (!QUEUE_PATH.test(path)) {
    throw new GateError(
      'parameter-malformed',
      '`QueueUrl` does not end in an account and the name of a queue',
    )
  }
  return { ...parameters, QueueUrl: `https://${catalog.endpoint('sqs', region).host}${path}` }
}
