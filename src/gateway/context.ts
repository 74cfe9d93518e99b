import type { Clock } from '../core/clock.ts'
import type { Context } from '../core/decision.ts'

/** What the transport knows of a caller. */
export interface CallerFacts {
  readonly clientAddress: string
  readonly secure: boolean
  readonly userAgent?: string
}

/**
 * Condition keys of the connection. Source: IAM User Guide, "AWS global condition context keys",
 * properties of the network and of the request.
 */
export function connectionContext(facts: CallerFacts, clock: Clock): Map<string, readonly string[]> {
  return new Map([...timeContext(clock), ...factsContext(facts)])
}

/** Those that stay the same for as long as it lasts. */
export function factsContext(facts: CallerFacts): Context {
  const context = new Map<string, readonly string[]>([
    ['aws:securetransport', [String(facts.secure)]],
    // Nothing that comes through the gate is a call of an AWS service on somebody's behalf.
    ['aws:viaawsservice', ['false']],
    ['aws:principalisawsservice', ['false']],
  ])
  if (facts.clientAddress !== '') context.set('aws:sourceip', [facts.clientAddress])
  if (facts.userAgent !== undefined) context.set('aws:useragent', [facts.userAgent])
  return context
}

/** Condition keys of the time. */
export function timeContext(clock: Clock): Context {
  const nowMs = clock.now()
  return new Map([
    ['aws:currenttime', [new Date(nowMs).toISOString()]],
    ['aws:epochtime', [String(Math.floor(nowMs / 1000))]],
  ])
}

/**
 * One context of several; a later one wins where two have a key, so the ones that a client cannot
 * choose stand last.
 */
export function mergeContexts(...contexts: readonly Context[]): Context {
  const merged = new Map<string, readonly string[]>()
  for (const context of contexts) for (const [key, values] of context) merged.set(key, values)
  return merged
}
