import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Catalog } from '../catalog/model.ts'
import type { Config } from '../config/model.ts'
import type { BodyRooms } from '../gateway/aws/bodies.ts'
import type { BufferBudget } from '../gateway/aws/body.ts'
import { BuiltIn } from '../mask/built-in.ts'
import type { BlobSeal } from '../record/blobs/ports.ts'
import { BlobStore } from '../record/blobs/store.ts'
import type { LaneJournal } from '../record/event.ts'
import { compileKeeping } from '../record/keep/keep.ts'
import { nodeFiles } from '../record/node-files.ts'

interface Foundations {
  readonly catalog: Catalog
  readonly journal: LaneJournal
  readonly lane: number
  readonly budget: BufferBudget
  /** Absent: bodies lie there as they are. */
  readonly seal?: BlobSeal | undefined
}

/** What keeps the bodies of calls, as `record.keep` says. Rejects with `body-unrecorded`. */
export async function openBodies(config: Config, foundations: Foundations): Promise<BodyRooms> {
  const { catalog, journal, lane, budget, seal } = foundations
  const { keep, durability } = config.record
  // What is masked by default is never recorded, also where no client's reply is masked.
  const secrets = new BuiltIn(catalog)
  const wantsBlobs = keep.some(({ level }) => level === 'bodies')
  return {
    keeping: compileKeeping(keep),
    catalog,
    budget,
    secretsOf: call => secrets.fields(call),
    blobs: wantsBlobs
      ? await BlobStore.open({
          files: nodeFiles,
          folder: join(config.data, 'journal'),
          lane,
          segment: () => journal.segment,
          durability,
          seal,
          async space() {
            const { bavail, blocks, bsize } = await statfs(config.data)
            return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
          },
        })
      : undefined,
  }
}
