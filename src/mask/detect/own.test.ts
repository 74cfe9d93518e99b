import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GateError } from '../../core/errors.ts'
import { compileDetectors } from './set.ts'

const hashKey = Buffer.alloc(32, 3)
const full = { form: 'full', hashKey } as const

function masked(pattern: string, text: string): string {
  return compileDetectors(['own'], new Map([['own', pattern]])).maskText(text, full).text
}

test('a pattern of one’s own is found, in texts and in bytes of UTF-8', () => {
  assert.equal(masked('EMP-[0-9]{6}', 'a EMP-123456 b EMP-654321'), 'a ~mask~ b ~mask~')
  assert.equal(masked('^id: .+$', 'x\nid: 5\ny'), 'x\n~mask~\ny')
  assert.equal(masked('straße \\p{Lu}+', 'in der straße ÄÖ'), 'in der ~mask~')
  const set = compileDetectors(['own'], new Map([['own', 'é+[0-9]{6}']]))
  const stream = set.stream({ ...full, sameLength: true })
  const out = Buffer.concat([stream.push(Buffer.from('ääéé123456ä')), stream.end()])
  assert.equal(out.toString(), 'ää~mask~****ä')
})

test('each line is looked at by itself', () => {
  assert.equal(masked('a\\s+b', 'a\nb a b'), 'a\nb ~mask~')
  assert.equal(masked('[^x]+y', 'a\nby'), 'a\n~mask~')
  assert.equal(masked('(?s)a.b', 'a\nb'), 'a\nb')
})

test('what a pattern finds and a detector finds is masked as one', () => {
  const set = compileDetectors(['own', 'email-address'], new Map([['own', 'to: [a-z]+']]))
  assert.equal(set.maskText('to: alice@example.com', { form: 'partial', hashKey }).text, '~mask~')
  assert.equal(set.maskText('to: alice@example.com', full).count, 1)
})

const refusals: readonly [name: string, pattern: string, says: RegExp][] = [
  ['own', 'a(?=b)', /`own`: lookarounds are not supported \(at character 2\)/],
  ['own', '(?<!a)b', /`own`: lookarounds are not supported \(at character 1\)/],
  ['own', '(a)\\1', /`own`: backreferences are not supported \(`\\1` at character 4\)/],
  ['own', '(?P<x>a)\\k<x>', /backreferences are not supported/],
  ['own', '\\Aa', /use `\^` and `\$` instead of `\\A` at character 1/],
  ['own', '(?-m)^a', /`m` cannot be turned off/],
  ['own', '(a', /`own`: missing closing \): `\(a`/],
  ['own', 'a*', /matches the empty text/],
  ['own', '^', /matches the empty text/],
  ['own', 'a'.repeat(1001), /`own` has 1001 characters; 1000 is the most/],
  ['own', '(?:[a-z]{1,50}[0-9]{1,50}){1,19}', /instructions when compiled; 2000 is the most/],
  ['email-address', 'a', /the name `email-address` is a built-in detector's/],
  ['Own Name', 'a', /the name `Own Name` is not of the form/],
]

test('what cannot be taken is refused with its name and place', () => {
  for (const [name, pattern, says] of refusals) {
    assert.throws(
      () => compileDetectors([], new Map([[name, pattern]])),
      (error: unknown) => {
        assert.ok(error instanceof GateError)
        assert.equal(error.code, 'mask-pattern-invalid')
        assert.match(error.message, says)
        return true
      },
      pattern,
    )
  }
  const many = new Map(Array.from({ length: 65 }, (_, i) => [`own-${i}`, 'a']))
  assert.throws(() => compileDetectors([], many), /there are 65 patterns; 64 is the most/)
})

test('an unknown name is refused, and the nearest is named', () => {
  const own = new Map([['employee-number', 'E[0-9]{5}']])
  const message = (name: string): string => {
    try {
      compileDetectors([name], own)
    } catch (error) {
      assert.ok(error instanceof GateError)
      assert.equal(error.code, 'mask-detector-unknown')
      return error.message
    }
    return 'nothing'
  }
  assert.equal(message('email-adress'), 'there is no detector `email-adress`; did you mean `email-address`?')
  assert.equal(
    message('employe-number'),
    'there is no detector `employe-number`; did you mean `employee-number`?',
  )
  assert.equal(message('blood-group'), 'there is no detector `blood-group`')
})

test('a hostile pattern and text take linear time', () => {
  const hostile = `${'a'.repeat(1_000_000)}!`
  assert.equal(masked('(?:a+)+b', hostile), hostile)
})
