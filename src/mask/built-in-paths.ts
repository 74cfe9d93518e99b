import type { ServiceShapes, Shape } from '../catalog/model.ts'
import { elementOf, membersOf, type OutputShape } from './shapes.ts'

/** Chooses members of an output. */
export type Chooses = (member: OutputShape, name: string) => boolean

/**
 * Patterns of the members beneath a shape that are chosen, each with everything beneath it; lists as `[]`,
 * values of maps as `*`. A shape that holds itself may be any depth down: then `**` stands for the way.
 */
export function chosenPaths(shapes: ServiceShapes, root: OutputShape, chooses: Chooses): readonly string[] {
  const found = new Set<string>()
  const ways = new Map<Shape, string>()
  const recursive = new Set<string>()
  const visit = (at: OutputShape, name: string, path: string): void => {
    if (path !== '' && chooses(at, name)) {
      found.add(path)
      return
    }
    const { shape } = at
    const outer = ways.get(shape)
    if (outer !== undefined) {
      // Whatever is chosen beneath the outer one may be here as well, and deeper.
      recursive.add(outer)
      return
    }
    if (shape.type !== 'structure' && shape.type !== 'list' && shape.type !== 'map') return
    ways.set(shape, path)
    if (shape.type === 'structure') {
      for (const member of membersOf(shapes, shape)) {
        visit(member, member.name, path === '' ? member.name : `${path}.${member.name}`)
      }
    } else if (shape.type === 'list') {
      visit(elementOf(shapes, shape.member), name, `${path}[]`)
    } else {
      visit(elementOf(shapes, shape.value), name, `${path}.*`)
    }
    ways.delete(shape)
  }
  if (chooses(root, '')) return ['*']
  visit(root, '', '')
  return [...deepened(found, recursive)].sort()
}

/** Of `A.B.C`, where `A` holds itself, also `A.**.B.C`. */
function deepened(found: ReadonlySet<string>, recursive: ReadonlySet<string>): ReadonlySet<string> {
  const paths = new Set(found)
  for (const way of recursive) {
    for (const path of found) {
      if (way === '') paths.add(`**.${path}`)
      else if (path.startsWith(`${way}.`)) paths.add(`${way}.**${path.slice(way.length)}`)
    }
  }
  return paths
}
