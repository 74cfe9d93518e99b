import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GateError } from '../core/errors.ts'
import { decodeAuthorizations, UNMAPPED } from './authorization.ts'
import { decodeEndpoints, type EndpointData, endpointOf } from './endpoints.ts'
import { HostNames } from './hosts.ts'
import { decodeIam } from './iam.ts'
import type {
  Catalog,
  Endpoint,
  HostMeaning,
  IamService,
  OperationAuthorization,
  ServiceHead,
  ServiceShapes,
} from './model.ts'
import { damaged, Pack } from './pack.ts'
import { decodeRoutes, groupBy } from './routes.ts'
import { decodeShapes } from './shapes.ts'

/** The catalog that comes with this version of the gate; the same place in a checkout and in a package. */
export const CATALOG_PATH: string = join(import.meta.dirname, '..', '..', 'data', 'catalog', 'catalog.pack')

/**
 * Loads the catalog: what routes a request at once, everything else when it is first used.
 *
 * @throws GateError `catalog-damaged` where the file is missing or is not what the generator wrote
 */
export function loadCatalog(path: string = CATALOG_PATH): Catalog {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw damaged('it cannot be read', cause)
  }
  return new PackedCatalog(new Pack(bytes))
}

/** Endpoints that are kept once they have been worked out; services times regions in use. */
const MAX_ENDPOINTS_KEPT = 10_000

class PackedCatalog implements Catalog {
  readonly services: ReadonlyMap<string, ServiceHead>
  readonly iamPrefixes: readonly string[]
  readonly #pack: Pack
  readonly #bySigningName: ReadonlyMap<string, readonly ServiceHead[]>
  readonly #byTargetPrefix: ReadonlyMap<string, readonly ServiceHead[]>
  readonly #prefixes: ReadonlySet<string>
  readonly #shapes = new Map<string, ServiceShapes>()
  readonly #authorizations = new Map<string, ReadonlyMap<string, OperationAuthorization>>()
  readonly #iam = new Map<string, IamService>()
  readonly #endpointsFound = new Map<string, Endpoint>()
  #endpoints: EndpointData | undefined
  #hostNames: HostNames | undefined

  constructor(pack: Pack) {
    this.#pack = pack
    this.services = decodeRoutes(pack.text('routes'))
    this.#bySigningName = groupBy(this.services, service => service.signingName)
    this.#byTargetPrefix = groupBy(this.services, service => service.targetPrefix)
    const prefixes = pack.names.filter(name => name.startsWith('iam/')).map(name => name.slice('iam/'.length))
    this.iamPrefixes = Object.freeze(prefixes)
    this.#prefixes = new Set(prefixes)
    Object.freeze(this)
  }

  bySigningName(signingName: string): readonly ServiceHead[] {
    return this.#bySigningName.get(signingName) ?? []
  }

  byTargetPrefix(targetPrefix: string): readonly ServiceHead[] {
    return this.#byTargetPrefix.get(targetPrefix) ?? []
  }

  /** @throws GateError `catalog-service-unknown` */
  shapes(serviceId: string): ServiceShapes {
    const known = this.#shapes.get(serviceId)
    if (known !== undefined) return known
    const { id } = this.#service(serviceId)
    const shapes = decodeShapes(id, this.#pack.text(`shapes/${id}`))
    this.#shapes.set(id, shapes)
    return shapes
  }

  /** @throws GateError `catalog-service-unknown` */
  authorization(serviceId: string, operation: string): OperationAuthorization {
    let operations = this.#authorizations.get(serviceId)
    if (operations === undefined) {
      const { id } = this.#service(serviceId)
      operations = decodeAuthorizations(this.#pack.text(`authorization/${id}`))
      this.#authorizations.set(id, operations)
    }
    return operations.get(operation) ?? UNMAPPED
  }

  iam(prefix: string): IamService | undefined {
    const name = prefix.toLowerCase()
    const known = this.#iam.get(name)
    if (known !== undefined || !this.#prefixes.has(name)) return known
    const service = decodeIam(name, this.#pack.text(`iam/${name}`))
    this.#iam.set(name, service)
    return service
  }

  /** @throws GateError `catalog-service-unknown`, `catalog-region-unknown` */
  endpoint(serviceId: string, region: string): Endpoint {
    const name = `${serviceId} ${region}`
    const known = this.#endpointsFound.get(name)
    if (known !== undefined) return known
    const endpoint = endpointOf(this.#endpointData(), this.#service(serviceId), region)
    // A client chooses what it signs for, so the names are bounded.
    if (this.#endpointsFound.size < MAX_ENDPOINTS_KEPT) this.#endpointsFound.set(name, endpoint)
    return endpoint
  }

  get dnsSuffixes(): readonly string[] {
    const suffixes = this.#endpointData().partitions.flatMap(({ suffix, dualSuffix }) => [suffix, dualSuffix])
    return [...new Set(suffixes)].filter(suffix => suffix !== '')
  }

  hostName(host: string): HostMeaning | undefined {
    this.#hostNames ??= new HostNames(this.#endpointData(), this.services)
    return this.#hostNames.meaning(host)
  }

  #endpointData(): EndpointData {
    this.#endpoints ??= decodeEndpoints(this.#pack.text('endpoints'))
    return this.#endpoints
  }

  #service(id: string): ServiceHead {
    const service = this.services.get(id)
    if (service === undefined) {
      throw new GateError('catalog-service-unknown', `the catalog has no service \`${id.slice(0, 64)}\``)
    }
    return service
  }
}
