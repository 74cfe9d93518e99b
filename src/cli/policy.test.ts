import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Principal } from '../core/principal.ts'
import { compile } from '../policy/compile.ts'
import type { PolicyLayer } from '../policy/decide.ts'
import { parsePolicy, readPolicy } from '../policy/parse.ts'
import type { ExplainedRole } from './policy/ports.ts'
import { type PolicyPorts, policy } from './policy.ts'

const ROLE = 'arn:aws:iam::111122223333:role/deploy'
const POLICY = `Version: "2012-10-17"
Statement:
  - Sid: Read
    Effect: Allow
    Action: s3:GetObject
    Resource: arn:aws:s3:::builds/*
    Condition: { StringEquals: { "gate:Subject": ann } }
`

function session(roleArn: string = ROLE, layers: readonly PolicyLayer[] = []): ExplainedRole {
  const principal: Principal = {
    ...{ arn: 'arn:aws:sts::111122223333:assumed-role/deploy/x', roleArn, account: '111122223333' },
    ...{ sessionName: 'x', sessionId: 's', issuer: 'local', subject: 'ann', claims: {}, tags: {} },
    ...{ actingFor: [], issuedAtMs: 0, expiresAtMs: 1 },
  }
  return { principal, layers, context: new Map([['aws:securetransport', ['true']]]) }
}

/** Runs the command over files in memory; a command line asks for its last word as an object of `builds`. */
async function run(args: readonly string[], files: Record<string, string> = {}) {
  const written = { out: '', err: '' }
  const layers: PolicyLayer[] = [
    {
      kind: 'role',
      name: 'the role',
      policies: compile([parsePolicy({ name: 'deploy.yaml', text: POLICY })]),
    },
  ]
  const asked = (resource: string) => ({
    pairs: [
      { action: 's3:GetObject', resource, certainty: 'exact' as const, context: new Map([['s3:x', ['y']]]) },
    ],
    context: new Map<string, readonly string[]>(),
  })
  const ports: PolicyPorts = {
    out: text => {
      written.out += text
    },
    err: text => {
      written.err += text
    },
    readFile(path) {
      const text = files[path] ?? files[path.slice(path.lastIndexOf('/') + 1)]
      return text ?? readFileSync(path, 'utf8')
    },
    check: (source, kind) => readPolicy(source, kind === 'trust' ? 'trust' : 'permission').problems,
    role: async (_, roleArn) => session(roleArn, layers),
    roleWithout: session,
    interpret: async words => asked(`arn:aws:s3:::builds/${words.at(-1)}`),
    findEvent: async (_, id) => ({
      ...asked(`arn:aws:s3:::builds/${id}`),
      roleArn: ROLE,
      asker: { issuer: 'local', subject: 'ann', actingFor: [], clientAddress: '10.0.0.1' },
      note: 'by the policies of now',
    }),
  }
  return { code: await policy(args, ports), ...written }
}

describe('sallyport policy', () => {
  it('tells its usage', async () => {
    assert.equal((await run([])).code, 2)
    assert.equal((await run(['--help'])).code, 0)
    for (const wrong of [
      ['prove'],
      ['toString'],
      ['check'],
      ['test'],
      ['check', 'x', '--yes'],
      ['check', 'x', '--kind', 'z'],
    ]) {
      const { code, err } = await run(wrong)
      assert.equal(code, 2, wrong.join(' '))
      assert.match(err, /usage: sallyport policy check/)
    }
  })
})

describe('sallyport policy check', () => {
  it('passes a good policy', async () => {
    const { code, out, err } = await run(['check', 'a.yaml'], { 'a.yaml': POLICY })
    assert.deepEqual([code, out, err], [0, '1 file: 0 error(s), 0 warning(s)\n', ''])
  })

  it('tells file, line and column of an error', async () => {
    const files = { 'a.yaml': POLICY, 'b.yaml': POLICY.replace('Allow', 'Alow') }
    const { code, err } = await run(['check', 'a.yaml', 'b.yaml'], files)
    assert.equal(code, 1)
    assert.match(err, /^b\.yaml:4:13: error: `Effect` `Alow` is not accepted/)
    const json = await run(['check', 'b.yaml', '--json'], files)
    assert.equal(json.code, 1)
    assert.deepEqual(JSON.parse(json.out).problems[0].at, { line: 4, column: 13 })
  })
})

describe('sallyport policy explain', () => {
  const role = ['explain', '--role', ROLE]

  it('takes a command line, a recorded call, or an action', async () => {
    const context = ['--context', 'gate:Subject=ann']
    const questions = [
      [...role, ...context, '--', 'aws', 's3api', 'get-object', 'x'],
      ['explain', ...context, '--event', 'x'],
      [...role, ...context, '--action', 's3:GetObject', '--resource', 'arn:aws:s3:::builds/x'],
    ]
    for (const question of questions) {
      const { code, out } = await run(question)
      assert.equal(code, 0, question.join(' '))
      assert.match(out, /^ALLOWED\n\nallow s3:GetObject on arn:aws:s3:::builds\/x\n {2}matched: Allow `Read`/)
    }
  })

  it('tells what was missing, and fails', async () => {
    const { code, out } = await run([...role, '--', 'aws', 's3api', 'get-object', 'x'])
    assert.equal(code, 1)
    assert.match(out, /wants `gate:Subject` by `StringEquals` `ann`, and the request has no such key/)
  })

  it('tells the same as JSON', async () => {
    const { out } = await run([...role, '--json', '--', 'aws', 's3api', 'get-object', 'x'])
    const { decision, pairs } = JSON.parse(out)
    assert.equal(decision.denial.kind, 'implicit')
    assert.deepEqual(pairs[0].pair.context, { 's3:x': ['y'] })
    assert.equal(pairs[0].near[0].failed, 'condition')
  })

  it('refuses a question that is none, or two', async () => {
    const wrong = [
      role,
      [...role, '--action', 'a:b', '--event', 'x'],
      ['explain', '--action', 'a:b'],
      [...role, '--', 's3api'],
      [...role, '--action', 'a:b', '--context', 'x'],
    ]
    for (const question of wrong) assert.equal((await run(question)).code, 2, question.join(' '))
  })
})

describe('sallyport policy test', () => {
  const head = 'policies: [p.yaml]\ncontext: { "gate:Subject": ann }\ncases:\n'
  const one = (rest: string) => ({ 'p.yaml': POLICY, 'c.yaml': `${head}  - { ${rest} }\n` })
  const read = 'name: reads, action: "s3:GetObject", resource: "arn:aws:s3:::builds/x"'

  it('passes what is answered as expected, and fails what is not, with the reason', async () => {
    const good = await run(['test', 'c.yaml'], one(`${read}, expect: allow, by: Read`))
    assert.deepEqual([good.code, good.out], [0, '1 of 1 cases passed\n'])
    const bad = await run(['test', 'c.yaml'], one(`${read}, expect: deny`))
    assert.equal(bad.code, 1)
    assert.match(bad.out, /^c\.yaml:4: reads: `deny` was expected, and it was allowed\n/)
    const other = await run(['test', 'c.yaml'], one(`${read}, expect: allow, by: Other`))
    assert.match(other.out, /`Other` should have decided, and `Read` did/)
    const json = await run(['test', 'c.yaml', '--json'], one(`${read}, expect: implicit`))
    assert.equal(JSON.parse(json.out).results[0].passed, false)
  })

  it('refuses a file of cases that it does not understand', async () => {
    for (const rest of [
      'expect: allow',
      `${read}, expect: maybe`,
      `${read}, expect: allow, extra: 1`,
      `${read}, command: aws x, expect: allow`,
      'command: ls, expect: allow',
    ]) {
      const { code, err } = await run(['test', 'c.yaml'], one(rest))
      assert.equal(code, 1, rest)
      assert.match(err, /^sallyport: c\.yaml:4:/)
    }
    const { err } = await run(['test', 'c.yaml'], {
      'p.yaml': 'Statement: []',
      'c.yaml': one(`${read}, expect: allow`)['c.yaml'],
    })
    assert.match(err, /p\.yaml:1:/)
  })

  it('agrees with the vectors', async () => {
    const folder = join(import.meta.dirname, '..', '..', 'vectors', 'policy')
    const files = globSync(join(folder, '*.yaml')).filter(path => !path.endsWith('.policy.yaml'))
    // What needs the interpretation of command lines is run by the test of `src/main`.
    const texts = files.map(path => [path, readFileSync(path, 'utf8')] as const)
    const plain = texts.filter(([, text]) => !text.includes('command:')).map(([path]) => path)
    assert.ok(plain.length >= 3)
    const { code, out } = await run(['test', ...plain])
    assert.equal(code, 0, out)
  })
})
