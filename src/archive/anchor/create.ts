import type { Clock } from '../../core/clock.ts'
import type { Bucket, BucketPlace } from '../bucket.ts'
import type { Job } from '../job.ts'
import { type AnchorPlace, anchorJob } from './anchor.ts'
import { bucketTarget } from './bucket-target.ts'
import { fileTarget } from './file-target.ts'
import { httpPost } from './post.ts'
import type { AnchorTarget } from './target.ts'
import { type Post, type WebhookPlace, webhookTarget } from './webhook-target.ts'

/** Where checkpoints are told: the configuration's, in its form. */
export type AnchorSettings =
  | { readonly kind: 'file'; readonly name: string; readonly path: string }
  | { readonly kind: 's3'; readonly name: string; readonly at: BucketPlace }
  | ({ readonly kind: 'webhook' } & WebhookPlace)

export interface AnchorPorts extends AnchorPlace {
  readonly clock: Clock
  readonly openBucket: (place: BucketPlace, clock: Clock) => Bucket
  /** Default: by HTTP. */
  readonly post?: Post
}

/** The job of one anchor. Throws `config-invalid` for a webhook whose secret is none. */
export function createAnchor(settings: AnchorSettings, ports: AnchorPorts): Job {
  return anchorJob(settings.name, targetOf(settings, ports), ports)
}

function targetOf(
  settings: AnchorSettings,
  { clock, openBucket, post = httpPost() }: AnchorPorts,
): AnchorTarget {
  if (settings.kind === 'file') return fileTarget(settings.path)
  if (settings.kind === 's3') return bucketTarget(settings.at, openBucket(settings.at, clock))
  return webhookTarget(settings, clock, post)
}
