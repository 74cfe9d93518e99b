import { GateError } from '../core/errors.ts'

/*
 * Patterns of members of an output, by the names of the AWS API and with regard to case:
 *
 *   pattern = step *( '.' step )
 *   step    = name [ '[]' ] | '**'
 *   name    = characters without `.`, `[`, `]`, `"`; `*` in it stands for any run of characters
 *           | '["' key '"]', after the name that it belongs to and without a dot: a key of a map as it stands
 *
 * Lists are entered without a step, so `Reservations[].Instances[].KeyName` and `Reservations.Instances.KeyName`
 * are the same. A map's keys are steps. `**` stands for any number of steps, none too. What a pattern names is
 * meant with everything beneath it.
 */

const MAX_CHARACTERS = 512
const MAX_STEPS = 32
const PLAIN = /^[^.[\]"\p{Cc}]+$/u

/** One step of a pattern. */
export type Step =
  /** Any number of steps. */
  | { readonly kind: 'any' }
  | { readonly kind: 'name'; readonly name: string }
  /** The pieces between the stars. */
  | { readonly kind: 'glob'; readonly pieces: readonly string[] }

/**
 * The steps of a pattern.
 * @throws GateError `mask-rule-invalid`
 */
export function readPattern(text: string): readonly Step[] {
  if (text.length > MAX_CHARACTERS) {
    throw new GateError('mask-rule-invalid', `a field of a mask is longer than ${MAX_CHARACTERS} characters`)
  }
  const steps: Step[] = []
  let at = 0
  for (;;) {
    const end = nameEnd(text, at)
    steps.push(readStep(text.slice(at, end), text))
    at = readKeys(text, end, steps)
    if (steps.length > MAX_STEPS) {
      throw new GateError(
        'mask-rule-invalid',
        `the field \`${text}\` of a mask has more than ${MAX_STEPS} steps`,
      )
    }
    if (at === text.length) return steps
    if (text.charAt(at) !== '.') throw invalid(text)
    at++
  }
}

function nameEnd(text: string, at: number): number {
  let end = at
  while (end < text.length && text.charAt(end) !== '.' && text.charAt(end) !== '[') end++
  return end
}

/** What stands in brackets after a name: nothing, or a key. */
function readKeys(text: string, from: number, steps: Step[]): number {
  let at = from
  while (text.charAt(at) === '[') {
    if (text.charAt(at + 1) === ']') {
      at += 2
      continue
    }
    const end = text.indexOf('"]', at + 2)
    if (text.charAt(at + 1) !== '"' || end < 0) throw invalid(text)
    steps.push({ kind: 'name', name: text.slice(at + 2, end) })
    at = end + 2
  }
  return at
}

function readStep(step: string, text: string): Step {
  if (!PLAIN.test(step)) throw invalid(text)
  if (step === '**') return { kind: 'any' }
  if (!step.includes('*')) return { kind: 'name', name: step }
  return { kind: 'glob', pieces: step.split('*') }
}

function invalid(text: string): GateError {
  return new GateError(
    'mask-rule-invalid',
    `the field \`${text}\` of a mask is not a path such as \`Environment.Variables.*\``,
  )
}

/** Whether a step other than `**` takes this name. */
export function takes(step: Step, name: string): boolean {
  if (step.kind === 'name') return step.name === name
  return step.kind === 'glob' && globTakes(step.pieces, name)
}

/** The step as it is in headers, whose names have no case. */
export function inLowerCase(step: Step): Step {
  if (step.kind === 'any') return step
  if (step.kind === 'name') return { kind: 'name', name: step.name.toLowerCase() }
  return { kind: 'glob', pieces: step.pieces.map(piece => piece.toLowerCase()) }
}

/** Each piece is searched once from where the one before it ended: no way back, so linear. */
function globTakes(pieces: readonly string[], name: string): boolean {
  const first = pieces[0] ?? ''
  const last = pieces.at(-1) ?? ''
  if (name.length < first.length + last.length) return false
  if (!name.startsWith(first) || !name.endsWith(last)) return false
  const until = name.length - last.length
  let at = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, at)
    if (found < 0 || found + piece.length > until) return false
    at = found + piece.length
  }
  return true
}
