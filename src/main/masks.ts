import type { Catalog } from '../catalog/model.ts'
import type { Config } from '../config/model.ts'
import type { Masking } from '../mask/port.ts'

export function openMasking(_config: Config, _catalog: Catalog, _hashKey: Buffer): Masking {
  return {
    builtInFields: () => [],
    builtInRule: fields => ({ fields, detect: [], as: 'full', otherObjects: 'pass' }),
    plan: () => undefined,
    mask: () => Promise.reject(new Error('no masks')),
    findMask: () => undefined,
  }
}
