import { once } from 'node:events'
import type { Terminal } from '../cli/sessions/terminal.ts'
import { watchJournal } from '../record/follow/watch.ts'
import { nodeFiles } from '../record/node-files.ts'

/** What Ctrl-C is where the terminal gives keys one by one. */
const CTRL_C = '\u0003'

/** This process's own terminal. Ctrl-C is only taken by what follows the journal. */
export function processTerminal(): Terminal {
  return {
    columns: process.stdout.isTTY === true ? process.stdout.columns : undefined,
    changes(folder) {
      const interrupt = new AbortController()
      process.once('SIGINT', () => interrupt.abort())
      return watchJournal({ folder, files: nodeFiles, signal: interrupt.signal })
    },
    key: nextKey,
    async bytes(bytes) {
      if (!process.stdout.write(bytes)) await once(process.stdout, 'drain')
    },
    now: () => Date.now(),
  }
}

/** The next key; undefined at the end of the input, and for Ctrl-C. */
function nextKey(): Promise<string | undefined> {
  const { stdin } = process
  const isRaw = stdin.isTTY === true
  return new Promise(resolve => {
    const done = (key: string | undefined): void => {
      stdin.off('data', onData)
      stdin.off('end', onEnd)
      if (isRaw) stdin.setRawMode(false)
      stdin.pause()
      resolve(key === CTRL_C ? undefined : key)
    }
    const onData = (bytes: Buffer): void => done(bytes.toString('utf8'))
    const onEnd = (): void => done(undefined)
    if (isRaw) stdin.setRawMode(true)
    if (stdin.readableEnded) resolve(undefined)
    stdin.on('data', onData)
    stdin.on('end', onEnd)
    stdin.resume()
  })
}
