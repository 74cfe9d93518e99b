import { ControlClient } from '../../test/harness/control.ts'
import type { RunningGate } from '../../test/harness/gate.ts'
import type { Issuer } from '../../test/harness/issuer.ts'
import { print } from './show.ts'

/** A person who is shown what waits, and approves it, on the command line. Gives the surprises. */
export async function approve(gate: RunningGate, people: Issuer, name: string): Promise<number> {
  const token = await people.token(name, { groups: ['on-call'], name: 'Ann' })
  const waiting = await new ControlClient(gate, token).pending()
  let surprises = 0
  for (const { id } of waiting) {
    surprises += await print(gate.as(token, 'approvals', 'show', id))
    surprises += await print(gate.as(token, 'approvals', 'approve', id, '--yes', '--comment', 'go ahead'))
  }
  return surprises
}
