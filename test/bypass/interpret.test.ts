import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { loadCatalog } from '../../src/catalog/load.ts'
import { GateError } from '../../src/core/errors.ts'
import type { AwsCall } from '../../src/interpret/aws/call.ts'
import { interpretCall } from '../../src/interpret/aws/interpret.ts'
import { routeCall, type WayIn } from '../../src/interpret/aws/route.ts'

/** One attack: a message that is refused, or that asks for exactly what it would do. */
interface Attack {
  readonly name: string
  /** Service name of the credential scope. */
  readonly sign: string
  readonly region?: string
  readonly host?: string
  /** Host names of AWS are taken through the proxy alone. */
  readonly proxy?: boolean
  readonly presigned?: boolean
  /** Headers that the signature does not cover; all others are covered. */
  readonly unsigned?: readonly string[]
  readonly method: string
  readonly target: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: string
  /** The error's code; else the pairs. */
  readonly refused?: string
  readonly pairs?: readonly string[]
}

const catalog = loadCatalog()
// Every file of the folder is an area with its attacks; from these, nothing is ever removed.
const folder = new URL('interpret/', import.meta.url)
const files = readdirSync(folder).filter(name => name.endsWith('.json'))
const names = new Set<string>()

for (const file of files.sort()) {
  const attacks: readonly Attack[] = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
  for (const attack of attacks) {
    const name = `${file.replace('.json', '')}: ${attack.name}`
    assert.ok(!names.has(name), `two attacks are called ${name}`)
    names.add(name)
    test(name, () => check(attack))
  }
}

test('the corpus only grows', () => {
  assert.ok(names.size >= 90, `${names.size} attacks`)
})

function check(attack: Attack): void {
  if (attack.refused === undefined) {
    assert.deepEqual(linesOf(interpret(attack)), attack.pairs)
    return
  }
  let call: AwsCall | undefined
  try {
    call = interpret(attack)
  } catch (error) {
    assert.ok(error instanceof GateError, String(error))
    assert.equal(error.code, attack.refused, error.message)
    assert.match(error.message, /^[^\n\r]{1,400}$/)
    return
  }
  assert.fail(`the attack got through as ${call.operation}: ${linesOf(call).join(', ')}`)
}

function interpret(attack: Attack): AwsCall {
  const headers = attack.headers ?? []
  const domains: WayIn = { kind: 'endpoint', baseDomains: ['aws.gate.example'] }
  const route = routeCall(
    catalog,
    { method: attack.method, target: attack.target, headers },
    {
      signingName: attack.sign,
      region: attack.region ?? 'us-east-1',
      signedHeaders: new Set(headers.map(([name]) => name).filter(name => !attack.unsigned?.includes(name))),
      presigned: attack.presigned ?? false,
      host: attack.host ?? '127.0.0.1',
      wayIn: attack.proxy === true ? { kind: 'proxy' } : domains,
    },
  )
  const body = Buffer.from(attack.body ?? '', 'utf8')
  const found = route.resolve === undefined ? route : route.resolve(body)
  const whole = found.body === 'whole' && body.length > 0 ? body : undefined
  return interpretCall(catalog, found, whole, { account: '111122223333', partition: 'aws' })
}

function linesOf(call: AwsCall): readonly string[] {
  return call.pairs.map(
    ({ action, resource, certainty }) => `${action} ${resource}${certainty === 'any' ? ' (any)' : ''}`,
  )
}
