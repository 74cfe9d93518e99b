import { once } from 'node:events'
import { verifyProof as runVerifyProof } from '../cli/sessions/verify-proof.ts'
import { nodeFiles } from '../record/node-files.ts'

/** `sallyport verify-proof`, on this process's own terminal. */
export function verifyProof(args: readonly string[]): Promise<number> {
  return runVerifyProof(args, {
    files: nodeFiles,
    async out(text) {
      if (!process.stdout.write(text)) await once(process.stdout, 'drain')
    },
    err: text => void process.stderr.write(text),
    colored: process.stdout.isTTY === true && !process.env['NO_COLOR'],
  })
}
