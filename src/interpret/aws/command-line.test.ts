import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { loadCatalog } from '../../catalog/load.ts'
import { GateError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { parseCommandLine } from './command-line.ts'

const catalog = loadCatalog()
const vectors: { argv: string[]; service: string; operation: string; parameters: JsonObject }[] = JSON.parse(
  readFileSync(new URL('../../../vectors/cli/command-lines.json', import.meta.url), 'utf8'),
)

for (const { argv, service, operation, parameters } of vectors) {
  test(`read as the AWS CLI reads it: aws ${argv.join(' ')}`, () => {
    const call = parseCommandLine(['aws', ...argv], catalog)
    // The CLI keeps `--max-items` to itself where it makes many calls of one; here it is the member.
    const { PaginationConfig, ...expected } = parameters
    const limit = PaginationConfig as JsonObject | undefined
    assert.deepEqual(
      { service: call.service, operation: call.operation, parameters: call.parameters },
      { service, operation, parameters: limit === undefined ? expected : { ...expected, ...limit } },
    )
  })
}

test('the region is taken from before and from behind the command', () => {
  assert.equal(parseCommandLine(['--region', 'r1', 'sts', 'get-caller-identity'], catalog).region, 'r1')
  assert.equal(parseCommandLine(['sts', 'get-caller-identity', '--region=r2'], catalog).region, 'r2')
  assert.equal(parseCommandLine(['sts', 'get-caller-identity'], catalog).region, undefined)
})

test('a body that is streamed from a file is no parameter', () => {
  const argv = ['s3api', 'put-object', '--bucket', 'b', '--key', 'k', '--body', 'file.bin']
  assert.deepEqual(parseCommandLine(argv, catalog).parameters, { Bucket: 'b', Key: 'k' })
})

const REFUSED: readonly [string, RegExp][] = [
  ['', /does not name a service/],
  ['s3 cp a b', /`aws s3api/],
  ['nope list', /no service `nope`/],
  ['ec2', /does not name an operation/],
  ['ec2 nope', /no operation `nope`/],
  ['ec2 describe-instances --nope', /no option `--nope`/],
  ['ec2 describe-instances stray', /`stray` belongs to no option/],
  ['ec2 describe-instances --dry-run --no-dry-run', /more than once/],
  ['ec2 describe-instances --dry-run=true', /takes no value/],
  ['ec2 describe-instances --max-results many', /takes a whole number/],
  ['ec2 describe-instances --filters Name=a,Nope=b', /no member `Nope`/],
  ['ec2 describe-instances --filters [{', /not valid JSON/],
  ['ec2 describe-instances --region', /`--region` has no value/],
  ['iam create-role --assume-role-policy-document file://p.json', /names a file/],
  ['kms describe-key --cli-input-json []', /takes an object/],
  ['kms describe-key --cli-input-json {"Nope":1}', /no member `Nope`/],
  ['kms encrypt --plaintext hello!', /takes base64/],
  ['dynamodb get-item --key id={S=1', /shorthand has its end at character 8/],
  ['dynamodb get-item --key a=1,a=2', /takes a structure|twice/],
]

for (const [line, message] of REFUSED) {
  test(`refused: aws ${line}`, () => {
    const argv = line === '' ? [] : line.split(' ')
    assert.throws(() => parseCommandLine(argv, catalog), { code: 'command-line-invalid', message })
  })
}

test('too many words, too many characters, too deep', () => {
  const start = ['dynamodb', 'get-item', '--key']
  const many = Array.from({ length: 5_000 }, () => 'x')
  assert.throws(() => parseCommandLine(many, catalog), /more than 4096 words/)
  assert.throws(() => parseCommandLine([...start, 'x'.repeat(1 << 21)], catalog), /characters/)
  assert.throws(() => parseCommandLine([...start, `a=${'{a='.repeat(100)}`], catalog), /nested too deep/)
  const deep = `{"a":${'{"M":{"a":'.repeat(100)}{"S":""}${'}}'.repeat(100)}}`
  assert.throws(() => parseCommandLine([...start, deep], catalog), /nested too deep/)
})

test('any words are read, or refused as a command line', () => {
  const word = fc.oneof(
    fc.constantFrom(
      '--key',
      '--filters',
      '--region',
      '--cli-input-json',
      '--dry-run',
      '[',
      '{}',
      'a={b=[c',
      '=,',
    ),
    fc.string({ maxLength: 12 }),
    fc.stringMatching(/^[a=,{}[\]"'\\]{0,12}$/),
  )
  const command = fc.constantFrom(['dynamodb', 'get-item'], ['ec2', 'describe-instances'], [])
  fc.assert(
    fc.property(command, fc.array(word, { maxLength: 8 }), (start, words) => {
      try {
        parseCommandLine([...start, ...words], catalog)
      } catch (error) {
        assert.ok(error instanceof GateError && error.code !== 'internal', String(error))
      }
    }),
    { numRuns: 500 },
  )
})
