import type { Principal } from '../core/principal.ts'

/** Characters that AWS takes in a session name or a source identity: `[\w+=,.@-]`, 2 to 64 of them. */
const MAX_NAME = 64
const MIN_NAME = 2

/** Session tags: at most 50, keys of 128 and values of 256 characters. Source: the STS API Reference. */
const MAX_TAGS = 50
const TAG_CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** A text as a name that AWS takes, other characters replaced by `-`; distinct texts may become one. */
export function asSessionName(text: string): string {
  const clean = text.replace(/[^\w+=,.@-]/g, '-').slice(0, MAX_NAME)
  return clean.padEnd(MIN_NAME, '-')
}

/** Who AWS's own logs name: the source identity that the principal has, else its verified subject. */
export function sourceIdentityOf(principal: Principal): string {
  const name = asSessionName(principal.sourceIdentity ?? principal.subject)
  // AWS keeps names that begin with `aws:` for itself; `:` is gone already, and the rest is free.
  return name
}

/** The principal's tags that AWS takes, and how many it does not. */
export function sessionTags(principal: Principal): {
  tags: { Key: string; Value: string }[]
  dropped: number
} {
  const all = Object.entries(principal.tags)
  const tags = all
    .filter(
      ([key, value]) => fits(key, 1, 128) && fits(value, 0, 256) && !key.toLowerCase().startsWith('aws:'),
    )
    .slice(0, MAX_TAGS)
    .map(([Key, Value]) => ({ Key, Value }))
  return { tags, dropped: all.length - tags.length }
}

function fits(text: string, min: number, max: number): boolean {
  return text.length >= min && text.length <= max && TAG_CHARACTERS.test(text)
}
