import type { Demand } from '../core/decision.ts'
import type { CompiledStatement, PolicySet } from './compile.ts'
import { demandOf } from './decide.ts'
import { overlaps } from './glob/overlap.ts'
import { glob } from './glob/pattern.ts'

/**
 * What the policies could demand of calls of these actions (patterns such as `ec2:*`), for standing access
 * that is asked for ahead of time. Break-glass statements demand nothing.
 */
export function demandsOn(policies: readonly PolicySet[], actions: readonly string[]): readonly Demand[] {
  const wanted = actions.map(action => glob(action.toLowerCase()))
  const touches = ({ source }: CompiledStatement): boolean => {
    const { not, patterns } = source.actions
    // Of everything but a list, something is left for any pattern worth asking for.
    if (not) return true
    return patterns.some(({ text }) => wanted.some(each => overlaps(glob(text.toLowerCase()), each)))
  }
  return policies
    .flatMap(({ statements }) => statements)
    .filter(({ ref, source }) => ref.effect === 'RequireApproval' && source.approval?.breakGlass !== true)
    .filter(touches)
    .map(demandOf)
}
