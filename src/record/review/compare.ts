import type { RoleSpans } from './spans.ts'
import type { Often } from './tally.ts'

/** Something that was done, and how often. */
export interface Done extends Often {
  readonly name: string
}

/** What was done in the span and not in the one before. */
export function freshOf(
  { now, before }: RoleSpans,
  kind: 'actions' | 'resources' | 'addresses',
): readonly Done[] {
  return now[kind]
    .entries()
    .filter(([name]) => !before[kind].has(name))
    .map(([name, often]) => ({ name, ...often }))
}

/** A role has usual hours if it made at least so many calls in the span before. */
export const CALLS_FOR_USUAL_HOURS = 50

/** When a role works. Hours are those of the day, 0 to 23, UTC. */
export interface Hours {
  /** Hours in which it made calls in the span before; undefined where there were too few calls to tell. */
  readonly usual?: readonly number[]
  /** Calls in other hours. */
  readonly outside: readonly { readonly hour: number; readonly calls: number }[]
}

/**
 * The hours in which a role made calls and had made none in the span before. That is all there is to it:
 * no weights and no model, so that a reader can check it by hand.
 */
export function hoursOf({ now, before }: RoleSpans): Hours {
  if (before.calls < CALLS_FOR_USUAL_HOURS) return { outside: [] }
  const usual = before.hours.flatMap((calls, hour) => (calls > 0 ? [hour] : []))
  const outside = now.hours.flatMap((calls, hour) => {
    return calls > 0 && before.hours[hour] === 0 ? [{ hour, calls }] : []
  })
  return { usual, outside }
}

/** How the names of actions begin that take something away for good, or stop it. */
const DESTRUCTIVE =
  /^(?:Abort|Cancel|Close|Deactivate|Delete|Deregister|Destroy|Detach|Disable|Disassociate|Drop|Empty|Erase|Forget|Purge|Release|Remove|Reset|Revoke|ScheduleKeyDeletion|Stop|Terminate)/

/** A destructive call that the role had not made in the span before. */
export interface Destructive extends Done {
  /** Of the Service Authorization Reference; undefined where the catalog has none. */
  readonly level?: string
}

/**
 * Actions that are new for the role and that destroy something by their name, at the access level Write or
 * Permissions management, or whose level nobody knows.
 */
export function destructiveOf(
  spans: RoleSpans,
  accessLevel: (action: string) => string | undefined,
): readonly Destructive[] {
  return freshOf(spans, 'actions').flatMap(done => {
    if (!DESTRUCTIVE.test(done.name.slice(done.name.indexOf(':') + 1))) return []
    const level = accessLevel(done.name)
    if (level === undefined) return [done]
    return level === 'Write' || level === 'Permissions management' ? [{ ...done, level }] : []
  })
}
