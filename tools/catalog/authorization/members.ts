import type { BotoRef, BotoService } from '../model.ts'
import { shapeOf } from '../shapes.ts'

/** A place in an operation's input that holds one string, or several. */
export interface Member {
  /** `Filter.Names[]`: members by name, `[]` for each item of a list. */
  readonly path: string
  /** The last member's name, without the marks of lists. */
  readonly name: string
  /** Whether the path leads through a list. */
  readonly many: boolean
  /** How many members deep; 1 is the input's own. */
  readonly depth: number
  readonly documentation: string
  /** The values it may have are listed by the model: it names no resource. */
  readonly fixed: boolean
}

/** No input that names a resource or a role hides it deeper. */
const DEPTH_MAX = 6
/** Inputs with more places than this are trees of their own; their depths are not looked at. */
const MEMBERS_MAX = 4000

/** Every string in an operation's input, those of its own members first. Maps are not entered. */
export function membersOf(service: BotoService, input: BotoRef | undefined): readonly Member[] {
  const found: Member[] = []
  if (input === undefined) return found
  type Waiting = {
    ref: BotoRef
    path: string
    name: string
    many: boolean
    depth: number
    via: readonly string[]
  }
  let level: Waiting[] = [{ ref: input, path: '', name: '', many: false, depth: 0, via: [] }]
  while (level.length > 0 && found.length < MEMBERS_MAX) {
    const next: Waiting[] = []
    for (const item of level) {
      const shape = shapeOf(service, item.ref.shape)
      if (shape.type === 'string') {
        const { path, name, many, depth, ref } = item
        const documentation = ref.documentation ?? ''
        found.push({ path, name, many, depth, documentation, fixed: shape.enum !== undefined })
      } else if (shape.type === 'list' && shape.member !== undefined) {
        const ref = { documentation: item.ref.documentation ?? '', ...shape.member }
        next.push({ ...item, ref, path: `${item.path}[]`, many: true })
      } else if (shape.type === 'structure' && item.depth < DEPTH_MAX && !item.via.includes(item.ref.shape)) {
        for (const [name, ref] of Object.entries(shape.members ?? {})) {
          const path = item.path === '' ? name : `${item.path}.${name}`
          next.push({ ...item, ref, path, name, depth: item.depth + 1, via: [...item.via, item.ref.shape] })
        }
      }
    }
    level = next
  }
  return found
}

/** A name without case and punctuation: `DBInstanceIdentifier` and `db-instance-identifier` are one. */
export function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}
