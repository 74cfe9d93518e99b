import type { Catalog } from '../catalog/model.ts'
import type { Config } from '../config/model.ts'
import { compileDetectors } from '../mask/detect/set.ts'
import { maskText } from '../mask/form.ts'
import { Masker } from '../mask/masker.ts'
import { EtagSeal } from '../mask/objects/etag-seal.ts'
import { StreamedObjects } from '../mask/objects/object-masking.ts'
import type { Masking } from '../mask/port.ts'

/** What masks the replies of AWS. `hashKey`: 32 bytes that all replicas share, so that equal values stay equal. */
export function openMasking(config: Config, catalog: Catalog, hashKey: Buffer): Masking {
  const { builtIn, bodyBytes, patterns } = config.masks
  return new Masker({
    catalog,
    builtIn,
    limits: { bodyBytes },
    texts: {
      inForm: (text, form) => (form === 'null' ? undefined : maskText(text, form, hashKey)),
      detector: (names, form) => {
        const detectors = compileDetectors(names, patterns)
        return {
          mask(text, context, found) {
            const masked = detectors.maskText(text, {
              form,
              hashKey,
              ...(context === undefined ? {} : { context }),
            })
            if (masked.count > 0) found(names.join(', '), masked.count)
            return masked.text
          },
        }
      },
    },
    etags: new EtagSeal(hashKey),
    objects: new StreamedObjects({ detectors: names => compileDetectors(names, patterns), hashKey }),
  })
}
