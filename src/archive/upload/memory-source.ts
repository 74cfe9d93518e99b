import type { SourceFile } from './source-file.ts'

/** A few bytes as a file that is sent. */
export function inMemory(bytes: Buffer): SourceFile {
  return {
    read: async (target, position) => bytes.copy(target, 0, position),
    size: async () => bytes.length,
    close: async () => undefined,
  }
}
