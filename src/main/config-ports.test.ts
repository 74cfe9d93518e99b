import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { selfSigned } from '../../test/harness/certificate.ts'
import { readConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import { STARTER } from '../config/starter.ts'
import { configPorts } from './config-ports.ts'

const FOLDER = mkdtempSync(join(tmpdir(), 'sallyport-'))
after(() => rmSync(FOLDER, { recursive: true }))
const ports = await configPorts()

/** The starting configuration in a folder of its own, each file changed so. */
function set(name: string, change: (text: string) => string): string {
  for (const { path, text } of STARTER) {
    const file = join(FOLDER, name, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, change(text))
  }
  return join(FOLDER, name, 'sallyport.yaml')
}

/** What is commented out from one line on, up to another or the end, stands there. */
function uncommented(text: string, from: string, to: string): string {
  const lines = text.split('\n')
  const first = lines.findIndex(line => line.includes(from))
  if (first < 0) return text
  const end = lines.findIndex((line, i) => i > first && line === to)
  return lines.map((line, i) => (i < first || i >= end ? line : line.replace(/^( *)# /, '$1'))).join('\n')
}

const withDatabases = (text: string): string =>
  uncommented(uncommented(text, '# databases:', ''), '# - Sid: ReadOrders', '')

test('the starting configuration holds with its lines on databases, too', () => {
  const { config, problems } = readConfig(set('databases', withDatabases), ports)
  assert.deepEqual(problems, [])
  assert.deepEqual(config?.databases.postgres, { host: '127.0.0.1', port: 6432 })
  assert.deepEqual(
    config?.targets.map(({ name, auth }) => [name, auth.kind]),
    [['orders', 'iam']],
  )
  assert.match(config?.roles[0]?.policies[0]?.text ?? '', /^ {2}- Sid: NoEmails$/m)
})

test('authorities for clients that the gate would not start with are found before', async () => {
  const { certificate, key } = await selfSigned()
  const path = set('authorities', text =>
    withDatabases(text).replace(
      '\ndatabases:\n',
      '\ntls: { certificate: gate.crt, key: gate.key }\n' +
        'databases:\n  clientCertificates: { ca: gate.crt, issuer: ours }\n',
    ),
  )
  writeFileSync(join(dirname(path), 'gate.crt'), certificate)
  writeFileSync(join(dirname(path), 'gate.key'), key, { mode: 0o600 })
  const [problem, ...others] = readConfig(path, ports).problems.map(formatProblem)
  assert.deepEqual(others, [])
  assert.match(
    problem ?? '',
    /sallyport\.yaml:\d+:29: error: `gate\.crt`: the authorities for clients cannot be used: `CN=localhost` is no authority$/,
  )
})

for (const page of ['README.md', 'docs/databases.md']) {
  test(`what ${page} says of databases is a configuration`, async () => {
    const text = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8')
    const [block] = [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)]
      .map(([, block = '']) => block)
      .filter(block => /^targets:$/m.test(block))
    assert.ok(block !== undefined, 'there is an example')
    const tls = block.includes('tls: {') ? '' : 'tls: { certificate: tls/gate.crt, key: tls/gate.key }\n'
    const path = set(page.replace('/', '-'), starter => starter)
    writeFileSync(path, `${readFileSync(path, 'utf8')}\n${tls}${block}`)
    const { certificate, key } = await selfSigned()
    mkdirSync(join(dirname(path), 'tls'))
    writeFileSync(join(dirname(path), 'tls', 'gate.crt'), certificate)
    writeFileSync(join(dirname(path), 'tls', 'gate.key'), key, { mode: 0o600 })
    const { config, problems } = readConfig(path, ports)
    assert.deepEqual(
      problems.map(formatProblem).filter(line => !line.includes('no target is of `mysql`')),
      [],
    )
    assert.equal(config?.targets[0]?.name, 'orders')
  })
}
