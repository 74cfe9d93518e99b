import type { Pair } from '../core/decision.ts'
import { covers } from './glob/cover.ts'
import { type Matcher, matcher } from './glob/match.ts'
import { overlaps } from './glob/overlap.ts'
import { bindToArn, glob, type Pattern } from './glob/pattern.ts'
import type { Selector } from './model.ts'
import type { Sureness } from './sureness.ts'
import {
  fill,
  isDynamic,
  patternOf,
  perValues,
  type Resolve,
  type Template,
  templateOf,
} from './variables.ts'

/** Whether a statement is about a pair's resource. */
export type ResourceTest = (pair: Pair, resolve: Resolve) => boolean

/** One pattern of `Resource` or `NotResource`. */
interface Target {
  readonly pattern: Pattern
  readonly matches: Matcher
}

/**
 * Compiles `Resource` or `NotResource`. A pattern with a variable that has no value describes nothing; an Allow
 * that has one says nothing at all.
 */
export function compileResource(selector: Selector, variables: boolean, sureness: Sureness): ResourceTest {
  const templates = selector.patterns.map(({ text }) => templateOf(text, variables))
  const about = selector.not ? excluded(sureness) : included(sureness)
  if (!templates.some(isDynamic)) {
    const targets = templates.map(target)
    return pair => about(pair, targets)
  }
  const filledTargets = perValues(templates, resolve => fillTargets(templates, resolve, sureness))
  return (pair, resolve) => {
    const targets = filledTargets(resolve)
    return targets !== 'unresolved' && about(pair, targets)
  }
}

function fillTargets(
  templates: readonly Template[],
  resolve: Resolve,
  sureness: Sureness,
): readonly Target[] | 'unresolved' {
  const targets: Target[] = []
  for (const template of templates) {
    const filled = fill(template, resolve)
    if (filled !== undefined) targets.push(target(filled))
    else if (sureness === 'surely') return 'unresolved'
  }
  return targets
}

function target(filled: Template): Target {
  const pattern = bindToArn(patternOf(filled), 'resource')
  return { pattern, matches: matcher(pattern) }
}

type About = (pair: Pair, targets: readonly Target[]) => boolean

/** `Resource`: the pair's resource is among the targets. */
function included(sureness: Sureness): About {
  if (sureness === 'surely') return (pair, targets) => within(pair, targets)
  return (pair, targets) =>
    touches(pair, targets) || (pair.orAs?.some(other => touchesPattern(glob(other), targets)) ?? false)
}

/** `NotResource`: it is not. To be sure, none of its names may touch a target. */
function excluded(sureness: Sureness): About {
  if (sureness === 'surely') {
    return (pair, targets) =>
      !touches(pair, targets) && !pair.orAs?.some(other => touchesPattern(glob(other), targets))
  }
  return (pair, targets) =>
    !within(pair, targets) || (pair.orAs?.some(other => !coveredBy(glob(other), targets)) ?? false)
}

/** Whatever the resource is in full, a target has it. */
function within({ resource, certainty }: Pair, targets: readonly Target[]): boolean {
  if (certainty === 'exact') return targets.some(({ matches }) => matches(resource))
  return coveredBy(glob(resource), targets)
}

/** The resource could be one that a target has. */
function touches({ resource, certainty }: Pair, targets: readonly Target[]): boolean {
  if (certainty === 'exact') return targets.some(({ matches }) => matches(resource))
  return touchesPattern(glob(resource), targets)
}

function coveredBy(resource: Pattern, targets: readonly Target[]): boolean {
  return targets.some(({ pattern }) => covers(pattern, resource))
}

function touchesPattern(resource: Pattern, targets: readonly Target[]): boolean {
  return targets.some(({ pattern }) => overlaps(pattern, resource))
}
