import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadCatalog } from '../../catalog/load.ts'
import type { JsonObject } from '../../core/json.ts'
import { withoutIdempotencyTokens } from './idempotency.ts'

const catalog = loadCatalog()

function stripped(service: string, operation: string, parameters: JsonObject): JsonObject {
  return withoutIdempotencyTokens(catalog, { service, operation, parameters })
}

describe('parameters without idempotency tokens', () => {
  it('are the same for a call and its retry', () => {
    const call = (token: string) => ({ ImageId: 'ami-1', MinCount: 1, MaxCount: 1, ClientToken: token })
    assert.deepEqual(stripped('ec2', 'RunInstances', call('a')), stripped('ec2', 'RunInstances', call('b')))
    assert.equal(stripped('ec2', 'RunInstances', call('a'))['ImageId'], 'ami-1')
  })

  // AWS's own models mark these as tokens, too; they say what the call is about.
  for (const [service, operation, member] of [
    ['athena', 'DeleteNamedQuery', 'NamedQueryId'],
    ['athena', 'StopQueryExecution', 'QueryExecutionId'],
    ['bedrock-agentcore', 'InvokeAgentRuntime', 'runtimeSessionId'],
    ['chime-sdk-messaging', 'ChannelFlowCallback', 'CallbackId'],
    ['elementalinference', 'AssociateFeed', 'associatedResourceName'],
  ] as const) {
    it(`keep \`${member}\` of ${service} ${operation}: an approval for one is not for another`, () => {
      assert.deepEqual(stripped(service, operation, { [member]: 'one' }), { [member]: 'one' })
    })
  }

  it('leave out only members whose name says that they are a token', () => {
    const left = new Set<string>()
    for (const service of catalog.services.keys()) {
      for (const [name] of catalog.shapes(service).operations) {
        const parameters = Object.fromEntries(
          [...inputMembers(service, name)].map((member): [string, string] => [member, 'x']),
        )
        const kept = stripped(service, name, parameters)
        for (const member of Object.keys(parameters)) if (!(member in kept)) left.add(member)
      }
    }
    assert.deepEqual(
      [...left].map(name => name.toLowerCase()).filter(name => !/token|requestid/.test(name)),
      ['operationid'],
    )
  })
})

function inputMembers(service: string, operation: string): Iterable<string> {
  const { operations, shapes } = catalog.shapes(service)
  const input = operations.get(operation)?.input
  return (input && shapes.get(input.shape)?.members?.keys()) ?? []
}
