import type { PolicySet } from './compile.ts'
import type { PolicyLayer } from './decide.ts'

const KNOWN = new WeakMap<PolicySet, boolean>()

/**
 * Whether any statement of these policies masks columns, or what is found in values, of whatever. Where none does, no constant of a text can be what
 * is masked elsewhere; where one does, also a denied text may hold such a value, and a denial tells of no masks.
 */
export function masksValues(layers: readonly PolicyLayer[]): boolean {
  return layers.some(({ policies }) => {
    const known = KNOWN.get(policies)
    if (known !== undefined) return known
    const masks = policies.statements.some(({ source: { mask } }) => {
      return mask !== undefined && mask.columns.length + mask.detect.length > 0
    })
    KNOWN.set(policies, masks)
    return masks
  })
}
