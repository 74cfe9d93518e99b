import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Pair } from '../../core/decision.ts'
import { compile } from '../compile.ts'
import { decide, type PolicyLayer } from '../decide.ts'
import { parsePolicy } from '../parse.ts'
import { TEST_PRINCIPAL } from '../testing.ts'
import { referenceContext, referenceDocument, referencePair } from './arbitraries.ts'
import { type ReferenceDocument, referenceDecide } from './evaluate.ts'

/** Every text of up to four of these: enough for what the patterns of the arbitraries tell apart. */
const RUNS: string[] = ['']
for (let start = 0, length = 0; length < 4; length++) {
  const end = RUNS.length
  for (; start < end; start++) for (const letter of 'ab:?/') RUNS.push(`${RUNS[start]}${letter}`)
}

const known = new Map<string, readonly string[]>()

/** What a resource with unknown parts could be: all of it, character by character. */
function expansions(resource: string): readonly string[] {
  const found = known.get(resource) ?? expand(resource)
  known.set(resource, found)
  return found
}

function expand(resource: string): string[] {
  const at = resource.search(/[*?]/)
  if (at < 0) return [resource]
  const head = resource.slice(0, at)
  const ones = [...'ab:?/']
  const longer = head.split(':').length < 6 ? RUNS.map(run => `::${run}`) : []
  const middles = resource[at] === '*' ? [...RUNS, ...longer] : ones
  return expand(resource.slice(at + 1)).flatMap(rest => middles.map(middle => head + middle + rest))
}

function layers(documents: readonly ReferenceDocument[]): PolicyLayer[] {
  return documents.map((document, i) => ({
    kind: i === 0 ? 'role' : 'boundary',
    name: 'it',
    policies: compile([parsePolicy({ name: `${i}`, text: JSON.stringify(document) })]),
  }))
}

function compiled(
  pairs: Pair[],
  context: ReadonlyMap<string, readonly string[]>,
  documents: readonly ReferenceDocument[],
): string {
  const decision = decide({ principal: TEST_PRINCIPAL, pairs, context }, layers(documents))
  return decision.denial?.kind ?? 'allow'
}

describe('the compiled engine', () => {
  it('agrees with the reference on everything', () => {
    const answers = { allow: 0, explicit: 0, implicit: 0, boundary: 0 }
    fc.assert(
      fc.property(
        fc.array(referenceDocument, { minLength: 1, maxLength: 2 }),
        fc.array(referencePair, { minLength: 1, maxLength: 2 }),
        referenceContext,
        (documents, pairs, context) => {
          const expected = referenceDecide(pairs, context, documents, expansions)
          answers[expected]++
          assert.equal(compiled(pairs, context, documents), expected)
        },
      ),
      { numRuns: 6_000, seed: 20_261_123 },
    )
    for (const [answer, count] of Object.entries(answers)) {
      assert.ok(count > 100, `only ${count} requests were answered by ${answer}`)
    }
  })

  it('agrees with it on one condition after the other', () => {
    const one = referenceDocument.map(({ Version, Statement: [first] }) => ({
      Version,
      Statement: [
        { Effect: 'Allow' as const, Action: ['*'], Resource: ['*'], Condition: first?.Condition ?? {} },
      ],
    }))
    const pairs: Pair[] = [{ action: 's3:GetObject', resource: 'arn:aws:s3:::a', certainty: 'exact' }]
    fc.assert(
      fc.property(one, referenceContext, (allowing, context) => {
        const denying = {
          ...allowing,
          Statement: [
            { ...allowing.Statement[0], Effect: 'Deny' as const },
            { Effect: 'Allow' as const, Action: ['*'], Resource: ['*'] },
          ],
        }
        for (const document of [allowing, denying] as ReferenceDocument[]) {
          const expected = referenceDecide(pairs, context, [document], expansions)
          assert.equal(compiled(pairs, context, [document]), expected, JSON.stringify(document))
        }
      }),
      { numRuns: 6_000, seed: 20_261_123 },
    )
  })
})
