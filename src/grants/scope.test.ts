import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Certainty, Demand } from '../core/decision.ts'
import { covers, known, partlyKnown } from './glob.ts'
import { checkScope, scopeCovers } from './scope.ts'
import { termsOf } from './terms.ts'

/** The obvious matcher: tries every split. */
function brute(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern[0] === '*') {
    return Array.from({ length: text.length + 1 }, (_, i) => text.slice(i)).some(t =>
      brute(pattern.slice(1), t),
    )
  }
  return (
    text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && brute(pattern.slice(1), text.slice(1))
  )
}

const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 6 })
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 })
/** Every text over three letters of up to six characters. */
const all = ['']
for (let i = 0; all.length < 1093; i++) for (const letter of 'abc') all.push(all[i] + letter)

describe('patterns', () => {
  it('match what trying every split does', () => {
    fc.assert(
      fc.property(pattern, text, (p, t) => assert.equal(covers(p, known(t)), brute(p, t))),
      { numRuns: 3000 },
    )
  })

  it('that cover a value with unknown parts match everything that it could be', () => {
    let covered = 0
    fc.assert(
      fc.property(pattern, pattern, (p, value) => {
        if (!covers(p, partlyKnown(value))) return
        covered++
        for (const t of all) if (brute(value, t)) assert.ok(brute(p, t), t)
      }),
      { numRuns: 2000 },
    )
    assert.ok(covered > 50)
  })

  it('take an unknown run only by a star', () => {
    assert.ok(covers('a*', partlyKnown('ab*c?')))
    assert.ok(covers('a?b', partlyKnown('a?b')))
    assert.ok(!covers('ab', partlyKnown('a*')))
    assert.ok(!covers('a?', partlyKnown('a*')))
    assert.ok(!covers('a?', partlyKnown('*')))
    assert.ok(!covers('ab', partlyKnown('a?')))
    assert.ok(!covers('a*c', partlyKnown('a*')))
  })

  it('take a star that is known as any other character', () => {
    assert.ok(covers('a?', known('a*')))
    assert.ok(!covers('ab', known('a*')))
  })

  it('take a character outside the BMP as one', () => {
    assert.ok(covers('a?b', known('a😀b')))
    assert.ok(!covers('a??b', known('a😀b')))
  })

  it('take no more steps than the product of the lengths', () => {
    assert.ok(!covers(`${'*a'.repeat(250)}b`, known('a'.repeat(2000))))
  })
})

const DEMAND: Demand = {
  statement: { policy: 'p', statement: 'S', effect: 'RequireApproval' },
  from: ['group/a', 'group/b'],
  count: 2,
  validForMs: 1000,
  uses: 1,
  holdMs: 100,
}

function pair(action: string, resource: string, certainty: Certainty = 'exact') {
  return { action, resource, certainty }
}

const INSTANCE = 'arn:aws:ec2:eu-central-1:111122223333:instance/i-1'
const scope = {
  actions: ['ec2:Terminate*', 'ec2:StopInstances'],
  resources: ['arn:aws:ec2:eu-central-1:111122223333:instance/*'],
}
const standing = { scope, demands: [DEMAND] }

describe('standing access', () => {
  const terminate = pair('ec2:TerminateInstances', INSTANCE)

  it('covers a call within it', () => {
    assert.ok(scopeCovers(standing, { pairs: [terminate], demands: [DEMAND] }))
    const shouted = pair('EC2:TERMINATEINSTANCES', INSTANCE)
    assert.ok(scopeCovers(standing, { pairs: [shouted, terminate], demands: [DEMAND] }))
    const anyInstance = pair('ec2:StopInstances', 'arn:aws:ec2:eu-central-1:111122223333:instance/*', 'any')
    assert.ok(scopeCovers(standing, { pairs: [anyInstance], demands: [DEMAND] }))
  })

  const outside: readonly (readonly [string, ReturnType<typeof pair>])[] = [
    ['another action', pair('ec2:StartInstances', INSTANCE)],
    ['another region', pair('ec2:TerminateInstances', INSTANCE.replace('central-1', 'central-2'))],
    ['an ARN in another case', pair('ec2:TerminateInstances', INSTANCE.replace('instance/', 'Instance/'))],
    ['an action without a resource', pair('ec2:TerminateInstances', '*')],
    [
      'a region that is not known',
      pair('ec2:TerminateInstances', 'arn:aws:ec2:*:111122223333:instance/i-1', 'any'),
    ],
    [
      'a kind that is not known',
      pair('ec2:TerminateInstances', 'arn:aws:ec2:eu-central-1:111122223333:*', 'any'),
    ],
    ['nothing known', pair('ec2:TerminateInstances', '*', 'any')],
  ]
  for (const [what, other] of outside) {
    it(`does not cover ${what}, nor beside one that it covers`, () => {
      assert.ok(!scopeCovers(standing, { pairs: [other], demands: [DEMAND] }))
      assert.ok(!scopeCovers(standing, { pairs: [terminate, other], demands: [DEMAND] }))
    })
  }

  it('does not reach over a colon of an ARN', () => {
    const wide = {
      scope: { actions: ['*'], resources: ['arn:aws:ec2:*:111122223333:instance/*'] },
      demands: [DEMAND],
    }
    assert.ok(scopeCovers(wide, { pairs: [terminate], demands: [DEMAND] }))
    const other = pair('ec2:X', 'arn:aws:ec2:us-east-1:9:111122223333:instance/i')
    assert.ok(!scopeCovers(wide, { pairs: [other], demands: [DEMAND] }))
    const rest = pair('ec2:X', 'arn:aws:ec2:us-east-1:111122223333:instance/a:b')
    assert.ok(scopeCovers(wide, { pairs: [rest], demands: [DEMAND] }))
  })

  it('covers everything by a star alone', () => {
    const wide = { scope: { actions: ['*'], resources: ['*'] }, demands: [DEMAND] }
    for (const [, other] of outside) assert.ok(scopeCovers(wide, { pairs: [other], demands: [DEMAND] }))
    assert.ok(!scopeCovers(wide, { pairs: [], demands: [DEMAND] }))
  })

  const demands: readonly (readonly [string, Partial<Demand>])[] = [
    ['another statement', { statement: { ...DEMAND.statement, statement: 'T' } }],
    ['the same name in another policy', { statement: { ...DEMAND.statement, policy: 'q' } }],
    ['more people', { count: 3 }],
    ['fewer people', { count: 1 }],
    ['other people', { from: ['group/a', 'group/c'] }],
    ['some of the people', { from: ['group/a'] }],
  ]
  for (const [what, change] of demands) {
    it(`does not cover a call with a demand of ${what}`, () => {
      const other = { ...DEMAND, ...change }
      assert.ok(!scopeCovers(standing, { pairs: [terminate], demands: [other] }))
      assert.ok(!scopeCovers(standing, { pairs: [terminate], demands: [DEMAND, other] }))
      const both = { scope, demands: [other, DEMAND] }
      assert.ok(scopeCovers(both, { pairs: [terminate], demands: [other] }))
    })
  }

  it('takes the people of a demand in any order', () => {
    const turned = { ...DEMAND, from: DEMAND.from.toReversed(), holdMs: 1 }
    assert.ok(scopeCovers(standing, { pairs: [terminate], demands: [turned] }))
  })

  it('is refused where nobody could read it', () => {
    const fine = { actions: ['ec2:*'], resources: ['arn:aws:ec2:*:*:*'] }
    checkScope(fine)
    checkScope({ actions: ['*'], resources: ['*'] })
    const many = Array.from({ length: 21 }, (_, i) => `ec2:${i}`)
    for (const actions of [
      [],
      many,
      ['ec2'],
      [''],
      ['ec2:a b'],
      ['*:Run'],
      ['ec2:\u202ea'],
      [`ec2:${'a'.repeat(520)}`],
    ]) {
      assert.throws(() => checkScope({ ...fine, actions }), { code: 'request-invalid' }, actions.join())
    }
    for (const resources of [
      [],
      ['arn:*'],
      ['arn:aws:s3:::b\u0000'],
      ['arn:aws:s3:::ä'],
      ['i-1'],
      ['a:b:c:d:e:f'],
    ]) {
      assert.throws(() => checkScope({ ...fine, resources }), { code: 'request-invalid' }, resources.join())
    }
  })
})

describe('terms', () => {
  it('are the least of each', () => {
    const other = { ...DEMAND, uses: 5, validForMs: 500, holdMs: 200 }
    assert.deepEqual(termsOf([DEMAND, other]), { uses: 1, validForMs: 500, holdMs: 100 })
  })
})
