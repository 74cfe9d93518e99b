import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeAuthorizations, type Mapping } from './authorization/encode.ts'
import { PREFIXES } from './authorization/prefixes.ts'
import { encodeEndpoints } from './endpoints.ts'
import { encodeIam, readIam } from './iam.ts'
import { writePack } from './pack.ts'
import { encodeRoutes, signingNameOf } from './routes.ts'
import { encodeShapes } from './shapes.ts'
import { Botocore, findBotocore } from './sources.ts'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const t0 = performance.now()
const folder = findBotocore(undefined)
if (folder === undefined) throw new Error('no botocore')
const botocore = new Botocore(folder)
const services = botocore.services.map(id => botocore.service(id))
console.log('read', performance.now() - t0)
const chunks = new Map<string, string>()
chunks.set('routes', encodeRoutes(services))
chunks.set('endpoints', encodeEndpoints(botocore, services))
console.log('endpoints', performance.now() - t0)
for (const service of services) chunks.set(`shapes/${service.id}`, encodeShapes(service))
const prefixes = readIam(join(ROOT, 'node_modules'))
for (const service of services) {
  const iam = prefixes.get(PREFIXES.get(service.id) ?? signingNameOf(service))
  const mappings = new Map<string, Mapping>()
  for (const name of Object.keys(service.operations)) {
    const action = iam?.actions.get(name.toLowerCase())
    const mapped = action === undefined ? {} : { action: `${iam?.prefix}:${action.name}` }
    mappings.set(name, { ...mapped, resources: [], passesRole: [] })
  }
  chunks.set(`authorization/${service.id}`, encodeAuthorizations(mappings))
}
for (const [prefix, iam] of prefixes) chunks.set(`iam/${prefix}`, encodeIam(iam))
console.log('encoded', performance.now() - t0)
const sizes = new Map<string, number>()
for (const [name, text] of chunks) {
  const group = name.split('/')[0] ?? ''
  sizes.set(group, (sizes.get(group) ?? 0) + text.length)
}
console.log(sizes, chunks.get('shapes/ec2')?.length)
const bytes = writePack(chunks)
console.log('packed', bytes.length, performance.now() - t0)
mkdirSync(join(ROOT, 'data', 'catalog'), { recursive: true })
writeFileSync(join(ROOT, 'data', 'catalog', 'catalog.pack'), bytes)
void readFileSync
