import { systemRandom } from '../../core/clock.ts'
import { nodeFiles } from '../node-files.ts'
import { openIndex } from './index.ts'

/** A process that indexes a journal in small blocks, says so after each, and is killed while it does. */
const [, , journal = '', folder = ''] = process.argv
const source = { files: nodeFiles, folder: journal }
const limits = { rows: 20, characters: 1_000_000, listed: 100, common: 10 }
const progress = (): void => void process.stdout.write('.')
await openIndex({ source, folder, random: systemRandom, limits, worthKeeping: 1, progress }).update()
