/**
 * Loaded before each test file: property tests take the same values in every run, so that a run can be
 * repeated. `SEED=random` looks further, `SEED=123` repeats what a failure named.
 */
import fc from 'fast-check'

const wanted = process.env['SEED'] ?? '20261123'
if (wanted !== 'random') fc.configureGlobal({ seed: Number(wanted) })
