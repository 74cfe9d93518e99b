import { Transform, type TransformCallback } from 'node:stream'
import { GateError } from '../../core/errors.ts'
import { StreamMarkerScan } from '../marker.ts'

/**
 * Passes an upload's plain bytes on, and fails before the one that completes a mask has passed: what carries a
 * mask back would overwrite what the mask stands for. S3 keeps nothing of an upload that is shorter than it was
 * announced to be.
 *
 * Nothing is opened: a mask in an upload that is compressed is not seen.
 */
export class UploadScan extends Transform {
  readonly #scan = new StreamMarkerScan()

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#scan.push(chunk)) {
      done(new GateError('mask-carried-back', 'the upload has a mask in it that the gate made'))
      return
    }
    done(null, chunk)
  }
}
