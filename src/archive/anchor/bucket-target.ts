import { laneName } from '../../record/segment.ts'
import type { Bucket, BucketPlace } from '../bucket.ts'
import type { CheckpointLine } from '../checkpoint-lines.ts'
import { deposit } from '../upload/deposit.ts'
import { tenDigits } from '../upload/keys.ts'
import { inMemory } from '../upload/memory-source.ts'
import { planUpload } from '../upload/plan.ts'
import { noProgress } from '../upload/progress.ts'
import type { AnchorTarget } from './target.ts'

/**
 * Anchors to a bucket: an object for each checkpoint, never replaced. It is worth as much as the bucket's Object Lock:
 * without it, whoever may delete there can take it back.
 */
export function bucketTarget(place: Pick<BucketPlace, 'prefix' | 'endpoint'>, bucket: Bucket): AnchorTarget {
  return {
    most: 1,
    place: `bucket ${place.endpoint ?? ''} ${bucket.name} ${place.prefix}`,
    async tell(lines, signal) {
      for (const line of lines) {
        const file = inMemory(Buffer.from(`${line.text}\n`))
        const plan = await planUpload(file, signal)
        const keeping = { ifAbsent: true, contentType: 'application/json' }
        await deposit(
          { key: anchorKey(place.prefix, line), file, plan, keeping },
          { bucket, progress: noProgress, signal },
        )
      }
    },
  }
}

/** `PREFIXanchors/JOURNAL/00/0000000001.json` */
export function anchorKey(prefix: string, { checkpoint }: Pick<CheckpointLine, 'checkpoint'>): string {
  const { journal, lane, number } = checkpoint
  return `${prefix}anchors/${journal}/${laneName(lane)}/${tenDigits(number)}.json`
}
