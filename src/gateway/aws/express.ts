import type { IssuedCredentials } from '../../identity/credentials.ts'
import type { WholeReply } from './reply.ts'

/**
 * The answer to S3's `CreateSession` with the gate's own credentials. Their alphabet needs no escaping.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateSession.html
 */
export function writeExpressSession(issued: IssuedCredentials): WholeReply {
  const members = [
    ['SessionToken', issued.sessionToken.reveal()],
    ['SecretAccessKey', issued.secretAccessKey.reveal()],
    ['AccessKeyId', issued.accessKeyId],
    ['Expiration', new Date(issued.expiresAtMs).toISOString()],
  ]
  const xml = members.map(([name, value]) => `<${name}>${value}</${name}>`).join('')
  return {
    status: 200,
    headers: [['content-type', 'application/xml']],
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<CreateSessionResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Credentials>${xml}</Credentials></CreateSessionResult>`,
  }
}
