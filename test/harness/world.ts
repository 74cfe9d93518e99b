import { type GateOptions, type GateRole, ISSUER_URL, type RunningGate, startGate } from './gate.ts'
import { createIssuer } from './issuer.ts'
import { type Moto, startMoto } from './moto.ts'

/** A policy that allows everything. */
export const ALLOW_ALL = {
  Version: '2012-10-17',
  Statement: [{ Sid: 'Everything', Effect: 'Allow', Action: '*', Resource: '*' }],
} as const

/** A stand-in for AWS with a gate before it. */
export interface World {
  readonly moto: Moto
  readonly gate: RunningGate
  /** ARN of the role `name`. */
  role(name: string): string
  stop(): Promise<void>
}

/** Starts moto and a gate with one role for each entry of `policies`. */
export async function startWorld(
  policies: Readonly<Record<string, readonly object[]>>,
  options: Partial<GateOptions> & { role?: Partial<GateRole>; unchecked?: boolean } = {},
): Promise<World> {
  const names = Object.keys(policies)
  const moto = await startMoto(names, options.unchecked)
  const role = (name: string): string => `arn:aws:iam::${moto.account}:role/${name}`
  const gate = await startGate({
    issuer: options.issuer ?? (await createIssuer(ISSUER_URL)),
    roles: names.map(name => ({ arn: role(name), policies: policies[name] ?? [], ...options.role })),
    upstream: moto.endpoint,
    env: moto.gateEnv,
    ...(options.people ? { people: options.people } : {}),
    ...(options.config ? { config: options.config } : {}),
  }).catch(async (error: unknown) => {
    // A test whose gate does not start must end, and not wait for the stand-in.
    await moto.stop()
    throw error
  })
  return {
    moto,
    gate,
    role,
    async stop() {
      await gate.stop()
      await moto.stop()
    },
  }
}
