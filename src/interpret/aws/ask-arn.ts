import type { Answer, PairDetails } from './answer.ts'
import { parseArn } from './arn.ts'

/** True for a whole ARN that is no pattern. */
export function isPlainArn(text: string): boolean {
  return parseArn(text) !== undefined && !/[*?]/.test(text)
}

/** Asks for an action on the resource that a parameter names by its ARN; on any where it is none. */
export function askArn(answer: Answer, action: string, text: string, details: PairDetails = {}): void {
  if (isPlainArn(text)) answer.pair(action, text, details)
  else answer.pair(action, '*', { ...details, certainty: 'any' })
}
