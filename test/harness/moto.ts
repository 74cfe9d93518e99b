import { cleanEnv, python, type Running, start } from './process.ts'

/** The stand-in for AWS: moto's server, which checks signatures and IAM from `lock` on. */
export interface Moto {
  readonly endpoint: string
  readonly account: string
  /** Credentials of an IAM user who may only assume roles: what the gate holds. */
  readonly gateEnv: NodeJS.ProcessEnv
  /** Creates a role with a policy that allows everything, which the gate may assume. */
  createRole(name: string): Promise<string>
  stop(): Promise<void>
}

/** moto's fixed account. */
const ACCOUNT = '123456789012'
const ALLOW_ALL = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
})

/**
 * Starts moto, makes the roles, and then turns its checks on. Its own signature check fails on paths with
 * escapes and on some services' replies, whoever signs; `unchecked` leaves it off for calls of that kind.
 */
export async function startMoto(roles: readonly string[], unchecked = false): Promise<Moto> {
  const running = start(python(), ['-u', '-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'], {
    ...cleanEnv(),
    // Unsigned calls pass while the roles are made; `lock` ends that.
    INITIAL_NO_AUTH_ACTION_COUNT: '100000',
    MOTO_EC2_LOAD_DEFAULT_AMIS: 'true',
  })
  const [, port] = await running.printed(/Running on http:\/\/127\.0\.0\.1:(\d+)/)
  const endpoint = `http://127.0.0.1:${port}`
  const key = await createGateUser(endpoint)
  for (const role of roles) await createRole(endpoint, role)
  if (!unchecked) await lock(endpoint)
  return {
    endpoint,
    account: ACCOUNT,
    gateEnv: { AWS_ACCESS_KEY_ID: key.id, AWS_SECRET_ACCESS_KEY: key.secret, AWS_REGION: 'us-east-1' },
    createRole: name => createRole(endpoint, name),
    stop: () => stop(running),
  }
}

/** From here on moto checks every signature, and every call against IAM. */
async function lock(endpoint: string): Promise<void> {
  const reply = await fetch(`${endpoint}/moto-api/reset-auth`, { method: 'POST', body: '0' })
  if (!reply.ok) throw new Error(`moto: reset-auth answered ${reply.status}`)
}

async function createGateUser(endpoint: string): Promise<{ id: string; secret: string }> {
  await iam(endpoint, { Action: 'CreateUser', UserName: 'sallyport' })
  await iam(endpoint, {
    Action: 'PutUserPolicy',
    UserName: 'sallyport',
    PolicyName: 'assume',
    PolicyDocument: ALLOW_ALL,
  })
  const xml = await iam(endpoint, { Action: 'CreateAccessKey', UserName: 'sallyport' })
  const id = /<AccessKeyId>([^<]+)</.exec(xml)?.[1]
  const secret = /<SecretAccessKey>([^<]+)</.exec(xml)?.[1]
  if (!id || !secret) throw new Error(`moto: no access key in ${xml}`)
  return { id, secret }
}

async function createRole(endpoint: string, name: string): Promise<string> {
  const trust = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/sallyport` },
        Action: 'sts:AssumeRole',
      },
    ],
  })
  await iam(endpoint, { Action: 'CreateRole', RoleName: name, AssumeRolePolicyDocument: trust })
  await iam(endpoint, {
    Action: 'PutRolePolicy',
    RoleName: name,
    PolicyName: 'all',
    PolicyDocument: ALLOW_ALL,
  })
  return `arn:aws:iam::${ACCOUNT}:role/${name}`
}

async function iam(endpoint: string, parameters: Record<string, string>): Promise<string> {
  const reply = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization:
        'AWS4-HMAC-SHA256 Credential=setup/20200101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: new URLSearchParams({ Version: '2010-05-08', ...parameters }),
  })
  const text = await reply.text()
  if (!reply.ok) throw new Error(`moto: ${parameters.Action} answered ${reply.status}: ${text}`)
  return text
}

async function stop(running: Running): Promise<void> {
  await running.stop('SIGKILL')
}
