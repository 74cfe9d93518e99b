import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { execute } from './process.ts'
import { startWorld, type World } from './world.ts'

/** A client program of a test: prints `{"name": …, "error"?: …}` for each check that it makes. */
export interface ClientProgram {
  readonly title: string
  /** Why it cannot run here; then its checks are skipped with this line. */
  readonly skip?: string | undefined
  readonly policies: readonly object[]
  /** The checks that it must report, so that one that vanished is missed. */
  readonly checks: readonly string[]
  /** moto without its own checks, for calls whose signatures it cannot verify. */
  readonly unchecked?: boolean
  /** What to run; called once the gate is up. */
  command(world: World): Promise<readonly [command: string, ...args: string[]]>
  readonly cwd?: string
  /** More of the environment than the three variables. */
  env?(world: World): NodeJS.ProcessEnv
}

/** Runs the program against a gate, and makes a test of each check. */
export function describeClient(program: ClientProgram): void {
  describe(program.title, { skip: program.skip ?? false }, () => {
    let world: World
    const results = new Map<string, string | undefined>()

    before(async () => {
      world = await startWorld({ client: program.policies }, { unchecked: program.unchecked ?? false })
      const [command, ...args] = await program.command(world)
      const env = { ...(await world.gate.clientEnv(world.role('client'))), ...program.env?.(world) }
      const done = await execute(command, args, { env, ...(program.cwd ? { cwd: program.cwd } : {}) })
      // Maven puts colours before the first line.
      for (const [line] of done.stdout.matchAll(/\{"name".*/g)) {
        const result = JSON.parse(line) as { name: string; error?: string }
        results.set(result.name, result.error)
      }
      if (results.size === 0) throw new Error(`the client did not run: ${done.stdout}${done.stderr}`)
    })
    after(() => world?.stop())

    for (const name of program.checks) {
      it(name.replaceAll('_', ' '), () => {
        assert.ok(results.has(name), 'the check did not run')
        assert.equal(results.get(name), undefined)
      })
    }

    it('leaves a journal that verifies', async () => {
      const verified = await world.gate.sessions('verify')
      assert.equal(verified.code, 0, verified.stderr + verified.stdout)
    })
  })
}
