/**
 * Streams the journal in a data folder into a file until nothing is left to send, and says of each step when it begins;
 * `streams.test.ts` kills it at any of them. Argument: the data folder.
 */
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { httpPost } from '../../src/archive/anchor/post.ts'
import { createStream } from '../../src/archive/stream/create.ts'
import { systemClock } from '../../src/core/clock.ts'
import { FACTS } from '../../src/record/export/facts.fixture.ts'
import type { JournalFiles } from '../../src/record/files.ts'
import { nodeFiles } from '../../src/record/node-files.ts'

const [, , data = ''] = process.argv
const files = new Proxy(nodeFiles, {
  get(target, name) {
    const value = Reflect.get(target, name) as (...args: unknown[]) => unknown
    return (...args: unknown[]) => {
      writeSync(1, `${String(name)}\n`)
      return value.apply(target, args)
    }
  },
}) as JournalFiles
const stream = createStream(
  { kind: 'file', name: 'siem', format: 'ocsf', path: join(data, 'events.jsonl') },
  {
    source: { files: nodeFiles, folder: join(data, 'journal') },
    files,
    stateFolder: join(data, 'archive', 'streams'),
    clock: systemClock,
    facts: FACTS,
    hostName: 'gate',
    post: httpPost(),
    gap: () => undefined,
  },
)
const signal = new AbortController().signal
while ((await stream.round(signal)) === 0);
await stream.close()
writeSync(1, 'done\n')
