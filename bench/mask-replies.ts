/**
 * What masking the replies of AWS costs on one core: small and large ones in JSON, XML and CBOR, by a field, by
 * all built-in detectors and by both ends of nothing at all: what a call costs whose reply passes as it is.
 * `node bench/mask-replies.ts [--quick]`
 */
import { Readable } from 'node:stream'
import { loadCatalog } from '../src/catalog/load.ts'
import type { Protocol } from '../src/catalog/model.ts'
import type { NameValue } from '../src/core/http.ts'
import { compileDetectors, DETECTOR_NAMES } from '../src/mask/detect/set.ts'
import { maskText } from '../src/mask/form.ts'
import { Masker } from '../src/mask/masker.ts'
import type { MaskedCall, MaskPlan, MaskRule } from '../src/mask/port.ts'
import { writeCbor } from '../src/wire/cbor/writer.ts'
import { fastestUs, roundsOf } from './fastest.ts'

const ROUNDS = roundsOf(process.argv)
const LARGE_BYTES = ROUNDS.rounds === 1 ? 200_000 : 4_000_000

const catalog = loadCatalog()
const hashKey = Buffer.alloc(32, 7)
const masker = new Masker({
  catalog,
  builtIn: true,
  texts: {
    inForm: (text, form) => (form === 'null' ? undefined : maskText(text, form, hashKey)),
    detector: (names, form) => {
      const set = compileDetectors(names, new Map())
      return {
        mask(text, context, found) {
          const masked = set.maskText(text, { form, hashKey, ...(context === undefined ? {} : { context }) })
          if (masked.count > 0) found(names.join(), masked.count)
          return masked.text
        },
      }
    },
  },
})

/** A reply, and the field of it that is masked. */
interface Sample {
  readonly name: string
  readonly call: MaskedCall
  readonly field: string
  readonly body: Buffer
}

function sample(
  name: string,
  of: readonly [string, string, Protocol, string],
  body: string | Buffer,
): Sample {
  const [service, operation, protocol, field] = of
  const call = { service, operation, protocol, parameters: {} }
  return { name, call, field, body: Buffer.from(body) }
}

/** Items until they are as many bytes together as a large reply has. */
function many(item: (i: number) => string, between = ''): string {
  const items: string[] = []
  for (let bytes = 0; bytes < LARGE_BYTES; bytes += items.at(-1)?.length ?? 0) items.push(item(items.length))
  return items.join(between)
}

const SECRET = {
  ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/shop/database-a1b2c3',
  CreatedDate: 1_781_172_000.123,
  Name: 'prod/shop/database',
  SecretString: JSON.stringify({ username: 'shop', password: 'correct horse battery staple', port: 5432 }),
  VersionId: 'a1b2c3d4-5678-90ab-cdef-1234567890ab',
  VersionStages: ['AWSCURRENT'],
}
const ACCESS_KEY =
  '<CreateAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateAccessKeyResult><AccessKey>' +
  '<UserName>deploy</UserName><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><Status>Active</Status>' +
  '<SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY</SecretAccessKey></AccessKey>' +
  '</CreateAccessKeyResult><ResponseMetadata><RequestId>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</RequestId>' +
  '</ResponseMetadata></CreateAccessKeyResponse>'

const order = (i: number): string =>
  JSON.stringify({
    id: { S: `order-${i}` },
    status: { S: 'shipped' },
    total: { N: '12.50' },
    customer: {
      M: { name: { S: 'Alice Example' }, mail: { S: i % 20 === 0 ? `alice${i}@example.com` : '-' } },
    },
  })
const user = (i: number): string =>
  `<member><Path>/people/</Path><UserName>user-${i}</UserName><UserId>AIDACKCEVSQ6C2EXAM${i}</UserId>` +
  `<Arn>arn:aws:iam::123456789012:user/people/user-${i}</Arn><CreateDate>2026-03-09T12:34:31Z</CreateDate></member>`
const metrics = (count: number): Buffer => {
  const metric = (i: number): Map<string, never> =>
    new Map<string, unknown>([
      ['Namespace', 'AWS/EC2'],
      ['MetricName', 'CPUUtilization'],
      [
        'Dimensions',
        [
          new Map([
            ['Name', 'InstanceId'],
            ['Value', `i-0123456789abc${i}`],
          ]),
        ],
      ],
    ]) as Map<string, never>
  return writeCbor(new Map([['Metrics', Array.from({ length: count }, (_, i) => metric(i))]]))
}

const usersXml = (users: string): string =>
  '<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListUsersResult><IsTruncated>false' +
  `</IsTruncated><Users>${users}</Users></ListUsersResult></ListUsersResponse>`

const SMALL: readonly Sample[] = [
  sample('JSON', ['secretsmanager', 'GetSecretValue', 'json', 'SecretString'], JSON.stringify(SECRET)),
  sample('XML', ['iam', 'CreateAccessKey', 'query', 'AccessKey.SecretAccessKey'], ACCESS_KEY),
  sample(
    'CBOR',
    ['cloudwatch', 'ListMetrics', 'smithy-rpc-v2-cbor', 'Metrics[].Dimensions[].Value'],
    metrics(4),
  ),
]
const LARGE: readonly Sample[] = [
  sample('JSON', ['dynamodb', 'Scan', 'json', 'Items[].customer.**'], `{"Items":[${many(order, ',')}]}`),
  sample('XML', ['iam', 'ListUsers', 'query', 'Users[].UserName'], usersXml(many(user))),
  sample(
    'CBOR',
    ['cloudwatch', 'ListMetrics', 'smithy-rpc-v2-cbor', 'Metrics[].Dimensions[].Value'],
    metrics(Math.ceil(LARGE_BYTES / 105)),
  ),
]

function planOf(call: MaskedCall, rule: Partial<MaskRule>): MaskPlan {
  const plan = masker.plan(call, [{ fields: [], detect: [], as: 'full', otherObjects: 'deny', ...rule }])
  if (plan === undefined) throw new Error(`nothing of ${call.operation} would be masked`)
  return plan
}

async function mask(plan: MaskPlan, body: Buffer): Promise<void> {
  const headers: readonly NameValue[] = [['content-length', String(body.length)]]
  const reply = { status: 200, headers, body: Readable.from([body], { objectMode: false }) }
  const masked = await masker.mask(plan, reply)
  await masked.summary
}

for (const { name, call, field, body } of SMALL) {
  const byField = await fastestUs(() => mask(planOf(call, { fields: [field] }), body), ROUNDS)
  const detected = await fastestUs(() => mask(planOf(call, { detect: DETECTOR_NAMES }), body), ROUNDS)
  console.log(
    `small ${name}, ${body.length} bytes: by field ${byField.toFixed(0)} µs, by detectors ${detected.toFixed(0)} µs`,
  )
}
for (const { name, call, field, body } of LARGE) {
  const plans = [planOf(call, { fields: [field] }), planOf(call, { detect: DETECTOR_NAMES })]
  const rates: number[] = []
  for (const plan of plans) rates.push(body.length / (await fastestUs(() => mask(plan, body), ROUNDS)))
  const [byField = 0, detected = 0] = rates
  console.log(
    `large ${name}, ${(body.length / 1e6).toFixed(1)} MB: by field ${byField.toFixed(0)} MB/s, by detectors ${detected.toFixed(0)} MB/s`,
  )
}
