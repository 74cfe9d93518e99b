import { globPattern, patternMatcher } from '../search/pattern.ts'

/** What of a call is kept. Each includes the one before. */
export type KeepLevel = 'metadata' | 'parameters' | 'replies' | 'bodies'

/** What is kept of the calls that a rule fits. */
export interface Keep {
  readonly level: KeepLevel
  /** Bytes of a reply that are kept in the event itself. */
  readonly replyBytes: number
}

/** A rule as the configuration has it. */
export interface KeepPattern extends Keep {
  /** Patterns of ARNs or names, with `*` and `?`; empty: all. */
  readonly roles: readonly string[]
  /**
   * Patterns of actions; empty: all. A rule that keeps more than parameters fits where one action of a call does, others where
   * all of them do.
   */
  readonly actions: readonly string[]
}

/** Tells what is kept of a call: by the ARN of its role, and by all of its actions. */
export type Keeping = (roleArn: string, pairs: readonly { readonly action: string }[]) => Keep

/** Where no rule fits. */
const DEFAULT: Keep = { level: 'parameters', replyBytes: 0 }

/** Answers that are kept; a gate has few roles, and they call the same again and again. */
const MAX_KNOWN = 4_096

/**
 * Finds the first rule that fits. Names of actions have no case, as in IAM: `S3:getobject` is no way around a rule.
 * A call without actions fits only rules that name none.
 */
export function compileKeeping(rules: readonly KeepPattern[]): Keeping {
  if (rules.length === 0) return () => DEFAULT
  const compiled = rules.map(({ roles, actions, level, replyBytes }) => ({
    keep: { level, replyBytes },
    fitsRole: anyOf(roles),
    fitsAction: anyOf(actions.map(action => action.toLowerCase())),
    // Nobody can have less kept of a call by adding to it what needs another action.
    needsAll: level === 'metadata' || level === 'parameters',
  }))
  const known = new Map<string, Keep>()
  return (roleArn, pairs) => {
    const actions = namesOf(pairs)
    const key = `${roleArn} ${actions.join(' ')}`
    const found = known.get(key)
    if (found !== undefined) return found
    const lower = actions.map(action => action.toLowerCase())
    const name = roleArn.slice(roleArn.lastIndexOf('/') + 1)
    const rule = compiled.find(({ fitsRole, fitsAction, needsAll }) => {
      if (fitsRole !== undefined && !fitsRole(roleArn) && !fitsRole(name)) return false
      if (fitsAction === undefined) return true
      return needsAll ? lower.length > 0 && lower.every(fitsAction) : lower.some(fitsAction)
    })
    const keep = rule?.keep ?? DEFAULT
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(key, keep)
    return keep
  }
}

/** Each action once: a call may ask for the same on a thousand resources. */
function namesOf(pairs: readonly { readonly action: string }[]): readonly string[] {
  const [first] = pairs
  if (pairs.length <= 1) return first === undefined ? [] : [first.action]
  return [...new Set(pairs.map(({ action }) => action))]
}

/** Whether a text fits one of the patterns; undefined where there are none, and everything does. */
function anyOf(patterns: readonly string[]): ((text: string) => boolean) | undefined {
  if (patterns.length === 0) return undefined
  const matchers = patterns.map(pattern => patternMatcher(globPattern(pattern)))
  return text => matchers.some(fits => fits(text))
}
