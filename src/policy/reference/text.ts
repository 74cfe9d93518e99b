/**
 * Texts of policies, as the IAM User Guide describes them and in the most obvious way: for tests alone. Shares
 * nothing with the compiled engine. Exponential; give it short texts.
 */

/** One character of a policy's text: whether it counts as a wildcard, and whether the policy itself wrote it. */
export interface Mark {
  readonly character: string
  readonly wild: boolean
  readonly written: boolean
}

/** The values of a request's keys, in lower case. */
export type Keys = ReadonlyMap<string, readonly string[]>

/** The text with its variables filled in; undefined where one has neither one value nor a default. */
export function expand(text: string, keys: Keys, variables: boolean): readonly Mark[] | undefined {
  const marks: Mark[] = []
  let rest = text
  while (rest !== '') {
    const variable = variables ? /^\$\{([^}]*)\}/.exec(rest) : null
    if (variable === null) {
      const character = rest.charAt(0)
      marks.push({ character, wild: character === '*' || character === '?', written: true })
      rest = rest.slice(1)
      continue
    }
    const value = valueOfVariable(variable[1] ?? '', keys)
    if (value === undefined) return undefined
    for (const character of value) marks.push({ character, wild: false, written: false })
    rest = rest.slice(variable[0].length)
  }
  return marks
}

function valueOfVariable(inside: string, keys: Keys): string | undefined {
  if (inside === '*' || inside === '?' || inside === '$') return inside
  const [name = '', orElse] = inside.split(',')
  const values = keys.get(name.trim().toLowerCase())
  if (values !== undefined && values.length === 1) return values[0]
  return orElse?.trim().slice(1, -1)
}

export function plain(marks: readonly Mark[]): string {
  return marks.map(mark => mark.character).join('')
}

/** `*` is any run of characters, `?` is one. `stays` tells of which wildcard that it takes no colon. */
export function like(marks: readonly Mark[], text: string, stays = (_: number): boolean => false): boolean {
  const from = (mark: number, at: number): boolean => {
    const found = marks[mark]
    if (found === undefined) return at === text.length
    const here = text.charAt(at)
    if (!found.wild) return here === found.character && here !== '' && from(mark + 1, at + 1)
    const takes = here !== '' && !(here === ':' && stays(mark))
    if (found.character === '?') return takes && from(mark + 1, at + 1)
    return from(mark + 1, at) || (takes && from(mark, at + 1))
  }
  return from(0, 0)
}

/**
 * `Resource`: a wildcard in one of the first five segments stays in it, unless it is a `*` that ends its segment.
 */
export function likeResource(marks: readonly Mark[], text: string): boolean {
  return like(marks, text, mark => {
    const before = marks.slice(0, mark).filter(({ character }) => character === ':').length
    if (before >= 5) return false
    const next = marks[mark + 1]?.character
    return !(marks[mark]?.character === '*' && (next === undefined || next === ':'))
  })
}

/** ARN operators: each of the six components, as the policy wrote them, is compared for itself. */
export function likeArn(marks: readonly Mark[], text: string): boolean {
  const components: Mark[][] = [[]]
  for (const mark of marks) {
    if (mark.character === ':' && mark.written && components.length < 6) components.push([])
    else components.at(-1)?.push(mark)
  }
  const parts = text.split(':')
  if (components.length < 6 || parts.length < 6) return false
  const six = [...parts.slice(0, 5), parts.slice(5).join(':')]
  return components.every((component, i) => like(component, six[i] ?? ''))
}
