/** The file system as the journal uses it: a port, so that tests can make every call fail or fall short. */
export interface JournalFiles {
  /** Makes the folder and its parents, for the owner only; no error if it is there. */
  makeFolder(path: string): Promise<void>
  /** Names in a folder; empty if there is no such folder. */
  list(path: string): Promise<readonly string[]>
  /** Opens an existing file; undefined if there is none. Throws `journal-corrupt` for a link that is to be written through. */
  open(path: string, mode: 'read' | 'write'): Promise<JournalFile | undefined>
  /** Makes a file, empty, in place of any that was there, which is not opened: it may be a link. For the owner only. */
  create(path: string): Promise<JournalFile>
  /** Replaces `to` in one step. */
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Removes a folder with nothing in it; no error if there is none, or a link to one. */
  removeFolder(path: string): Promise<void>
  /** Makes names in a folder durable. */
  syncFolder(path: string): Promise<void>
  /** Takes the lock for as long as this process lives; undefined if somebody else has it. */
  lock(path: string): Promise<FileLock | undefined>
}

export interface JournalFile {
  /** Bytes read from `position` on, 0 at the end; may be fewer than there is room for. */
  read(target: Buffer, position: number): Promise<number>
  /** Bytes written at `position`; may be fewer than given. */
  write(bytes: Buffer, position: number): Promise<number>
  /** fdatasync: resolves when the bytes and the length are on disk. */
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

export interface FileLock {
  release(): void
}

/** Writes all bytes, however short the single writes fall. */
export async function writeFully(file: JournalFile, bytes: Buffer, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const written = await file.write(bytes.subarray(done), position + done)
    if (written <= 0) throw new Error(`write made no progress at byte ${position + done}`)
    done += written
  }
}

/** Reads until `target` is full or the file ends; returns how many bytes came. */
export async function readFully(file: JournalFile, target: Buffer, position: number): Promise<number> {
  let done = 0
  while (done < target.length) {
    const count = await file.read(target.subarray(done), position + done)
    if (count === 0) break
    done += count
  }
  return done
}

/** Puts a small file in place so that a crash leaves the old one or the new one, whole. */
export async function replaceFile(
  files: JournalFiles,
  folder: string,
  path: string,
  bytes: Buffer,
): Promise<JournalFile> {
  const draft = `${path}.new`
  const file = await files.create(draft)
  try {
    await writeFully(file, bytes, 0)
    await file.sync()
    await files.rename(draft, path)
    await files.syncFolder(folder)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}
