import type { Clock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { JournalKey, JournalKeys } from './key-file.ts'
import { followSuccessions, signSuccession } from './keys-succession.ts'
import { byId, type CheckpointSigner, MAX_PUBLIC_KEYS } from './signer.ts'

/**
 * The keys after another has taken the place of the one that signs: the old one signs the new one, and its private part
 * is gone. `old` is absent where the old key cannot be had any more: then nobody can follow, and the new public key has
 * to be handed out again. Throws `journal-key-unusable`.
 */
export async function rotateKey(
  before: JournalKeys,
  next: JournalKey,
  old: CheckpointSigner | undefined,
  clock: Clock,
): Promise<JournalKeys> {
  const current = before.keys.at(-1)
  if (current === undefined || before.keys.length >= MAX_PUBLIC_KEYS) {
    throw unusable(`a journal has at most ${MAX_PUBLIC_KEYS} keys`)
  }
  if (before.keys.some(({ id }) => id === next.id)) {
    throw unusable(
      `the key \`${next.id}\` has signed before: a key that was retired does not come back, and one that signs is no new one`,
    )
  }
  if (old !== undefined && old.keyId !== current.id)
    throw unusable(`the key \`${current.id}\` signs, not \`${old.keyId}\``)
  // Keys are told apart by when they were made, and times of successions never go back.
  const latestMs = Math.max(current.createdMs, before.successions.at(-1)?.timeMs ?? 0)
  const timeMs = Math.max(clock.now(), latestMs + 1)
  const number = before.successions.length + 1
  const succession = old && (await signSuccession(old, next.publicKey, number, timeMs))
  const successions = succession === undefined ? before.successions : [...before.successions, succession]
  const { privateKey, ...retired } = current
  const keys = [
    ...before.keys.slice(0, -1),
    { ...retired, retiredMs: timeMs },
    { ...next, createdMs: timeMs },
  ]
  followSuccessions(byId(keys.map(({ publicKey }) => publicKey)), successions)
  return { keys, successions }
}

function unusable(why: string): GateError {
  return new GateError('journal-key-unusable', `the key cannot be rotated: ${why}`)
}
