/**
 * Databases alone: `node bench/databases.ts` prints the tables, in some five minutes; with `--quick`, each once.
 * `make bench` has them, too.
 */
import { parseArgs } from 'node:util'
import { extentOf, measureDatabases } from './databases/measure.ts'
import { databaseTables } from './databases/tables.ts'

const { quick } = parseArgs({ options: { quick: { type: 'boolean', default: false } } }).values
const results = await measureDatabases(extentOf(quick))
for (const line of results.skipped) console.log(`skipped: ${line}`)
console.log(`\n${databaseTables(results)}`)
