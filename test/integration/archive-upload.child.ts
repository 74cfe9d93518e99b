/**
 * Uploads the journal in a data folder until nothing is left to do, and says of each call to the bucket when it begins;
 * `archive.test.ts` kills it at any of them. Arguments: data folder, and the settings as JSON.
 */
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Bucket } from '../../src/archive/bucket.ts'
import { openS3Bucket } from '../../src/archive/s3-bucket.ts'
import type { UploadSettings } from '../../src/archive/upload/ports.ts'
import { createUploads } from '../../src/archive/upload/uploads.ts'
import { systemClock } from '../../src/core/clock.ts'
import { nodeFiles } from '../../src/record/node-files.ts'

const [, , data = '', json = '{}'] = process.argv
const settings = JSON.parse(json) as UploadSettings
const source = { files: nodeFiles, folder: join(data, 'journal') }
const bucket = told(openS3Bucket(settings, systemClock))
const job = createUploads(settings, { source, folder: join(data, 'archive'), clock: systemClock, bucket })
await job.round(new AbortController().signal)
bucket.close()
writeSync(1, `done, most memory ${process.resourceUsage().maxRSS} KB\n`)

function told(inner: Bucket): Bucket {
  return new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        const [first, second] = args
        const key = typeof first === 'string' ? first : (first as { key: string } | undefined)?.key
        writeSync(1, `${String(name)} ${key} ${typeof second === 'number' ? second : ''}\n`)
        return value.apply(target, args)
      }
    },
  })
}
