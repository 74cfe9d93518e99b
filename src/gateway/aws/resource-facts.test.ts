import assert from 'node:assert/strict'
import { it } from 'node:test'
import { readInstances } from './resource-facts.ts'

const ARN = 'arn:aws:ec2:us-east-1:111122223333:instance/i-0123456789abcdef0'

function factsOf(name: string): readonly [string, string][] {
  const reply = `<DescribeInstancesResponse><reservationSet><item><instancesSet><item>
    <instanceId>i-0123456789abcdef0</instanceId><instanceType>p5.48xlarge</instanceType>
    <instanceState><name>running</name></instanceState>
    <tagSet><item><key>Name</key><value>${name}</value></item></tagSet>
  </item></instancesSet></item></reservationSet></DescribeInstancesResponse>`
  const arns = new Map([['i-0123456789abcdef0', ARN]])
  return readInstances(Buffer.from(reply), arns).flatMap(({ facts }) => Object.entries(facts))
}

it('what an instance is comes before what somebody calls it', () => {
  assert.deepEqual(factsOf('web-1'), [
    ['type', 'p5.48xlarge'],
    ['state', 'running'],
    ['name', 'web-1'],
  ])
})

it('a name cannot pass for other facts', () => {
  for (const name of ['scratch type=t3.nano state=stopped', 'scratch, state stopped', 'a\nstate=stopped']) {
    assert.deepEqual(factsOf(name).at(-1), ['name', JSON.stringify(name)])
  }
})
