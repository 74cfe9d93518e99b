import type { Socket } from 'node:net'
import { asGateError } from '../../core/errors.ts'
import { SQLSTATE, sqlstateOf, type Words, writeError } from './complaint.ts'
import { farewell } from './source.ts'

/** Why a client is not let in; it is told so. */
export class Unwelcome extends Error {
  override readonly name = 'Unwelcome'
  readonly words: Words

  constructor(words: Words) {
    super(words.message)
    this.words = words
  }
}

/** Tells a client why it is not let in, and lets it go. */
export function turnAway(socket: Socket, words: Words): void {
  farewell(socket, writeError(words, 'FATAL'))
}

/** What a client is told of what went wrong before it was let in; undefined where it is none of its business. */
export function wordsFor(failure: unknown): Words | undefined {
  if (failure instanceof Unwelcome) return failure.words
  const error = asGateError(failure)
  if (error.code === 'internal') return undefined
  if (error.code.startsWith('postgres-') && !error.code.startsWith('postgres-reply-')) {
    return { sqlstate: SQLSTATE.protocol, message: error.message, detail: error.advice }
  }
  return { sqlstate: sqlstateOf(error), message: error.message, detail: error.advice }
}
