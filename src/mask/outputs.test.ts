import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Protocol } from '../catalog/model.ts'
import { readCbor } from '../wire/cbor/reader.ts'
import { readJson } from '../wire/json/reader.ts'
import { readXml } from '../wire/xml/reader.ts'
import { call, catalog, masked, masker, rule } from './masker.fixture.ts'
import { hasRawPayload, repliesOf } from './operation.ts'
import { expected, OutputMaker, writeOutput } from './output.fixture.ts'

const by = masker()

interface Operation {
  readonly service: string
  readonly operation: string
  readonly protocol: Protocol
}

const operations: readonly Operation[] = [...catalog.services.values()].flatMap(({ id, protocols }) =>
  [...catalog.shapes(id).operations].flatMap(([operation, { output }]) =>
    output === undefined ? [] : protocols.map(protocol => ({ service: id, operation, protocol })),
  ),
)

/** A small generator of numbers from 0 to 1, the same for each seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function readBody(protocol: Protocol, body: Buffer): unknown {
  if (body.length === 0) return undefined
  if (protocol === 'json' || protocol === 'rest-json') return readJson(body)
  return protocol === 'smithy-rpc-v2-cbor' ? readCbor(body) : readXml(body)
}

async function check({ service, operation, protocol }: Operation, seed: number): Promise<boolean> {
  const of = call(service, operation, {}, protocol)
  const replies = repliesOf(catalog, of)
  if (hasRawPayload(replies) || replies.events !== undefined || replies.head.method === 'HEAD') return false
  const random = randomOf(seed)
  const maker = new OutputMaker(replies.shapes, random)
  const { payload } = replies
  const made =
    payload === undefined ? maker.make(replies.output, '', 5) : maker.make(payload, payload.name, 5)
  if (made === undefined) return false
  const options = { wrapper: replies.resultWrapper, unwrapped: replies.unwrapped }
  const chosen = maker.leaves.filter(() => random() < 0.3).slice(0, 8)
  if (chosen.length === 0) return false
  const paths = new Set(chosen.map(({ path }) => path))
  // Items of one list have the same path, and are masked together.
  const gone = new Set(maker.leaves.filter(({ path }) => paths.has(path)).map(leaf => leaf.made))
  const sent = writeOutput(protocol, replies.shapes, made, options)
  const { body, reply } = await masked(by, of, [rule({ fields: [...paths] })], { body: sent })
  const left = expected(made, gone)
  const wanted = left === undefined ? Buffer.alloc(0) : writeOutput(protocol, replies.shapes, left, options)
  const about = `${service} ${operation} ${protocol}: ${[...paths].join(' ')}`
  if (!(options.unwrapped && left?.kind === 'structure' && left.members.length === 0)) {
    assert.deepEqual(readBody(protocol, body), readBody(protocol, wanted), about)
  }
  assert.equal((await reply.summary).values, gone.size, about)
  return true
}

test('of an output, exactly what patterns name is masked, and all else stays: any operation', async () => {
  const byProtocol = Map.groupBy(operations, ({ protocol }) => protocol)
  assert.equal(byProtocol.size, 6)
  for (const [protocol, list] of byProtocol) {
    let checked = 0
    await fc.assert(
      fc.asyncProperty(fc.nat(list.length - 1), fc.nat(), async (place, seed) => {
        if (await check(list[place] as Operation, seed)) checked++
      }),
      { numRuns: 120 },
    )
    assert.ok(checked > 20, `${protocol}: ${checked}`)
  }
})

test('every pattern of the built-in set is one, and names something', () => {
  for (const { service, operation, protocol } of operations) {
    const of = call(service, operation, { WithDecryption: true }, protocol)
    const fields = by.builtInFields(of)
    if (fields.length === 0) continue
    const plan = by.plan(of, [by.builtInRule(fields)])
    assert.equal(plan?.rules[0]?.fields.length, fields.length, `${service} ${operation}`)
  }
})
