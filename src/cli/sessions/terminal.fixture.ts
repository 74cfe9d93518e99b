import type { Terminal } from './terminal.ts'

/** No terminal at all: nothing is as wide, nobody presses keys, and the journal never changes. */
export function noTerminal(parts: Partial<Terminal> = {}): Terminal {
  return {
    columns: undefined,
    changes: () => ({ next: async () => false, close: () => undefined }),
    key: async () => undefined,
    bytes: async () => undefined,
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    ...parts,
  }
}
