/** Wraps keys with one that never leaves it: a file's, or one in AWS KMS. */
export interface MasterKey {
  /** Names it where something was wrapped by it: `file:5e3352…`, or a key's ARN. */
  readonly id: string
  /** `context` is bound to what is wrapped: it must be given again to unwrap. Rejects with `master-key-unavailable`. */
  wrap(key: Buffer, context: string): Promise<Buffer>
  unwrap(wrapped: Buffer, context: string): Promise<Buffer>
}

/** Whose content it is: it can be shredded by itself. */
export interface ContentOwner {
  /** Absent for what belongs to no session. */
  readonly sessionId?: string
  readonly tenant: string
}

/** A key for content. */
export interface ContentKey {
  /** Where it stands: what is sealed with it names it so. */
  readonly id: string
  /** 32 bytes, for AES-256-GCM. */
  readonly key: Buffer
}

/** Finds keys: all that readers need. */
export interface KeyFinder {
  /** A key that something names; undefined if it was shredded. Rejects with `journal-corrupt` if there never was one. */
  find(id: string): Promise<ContentKey | undefined>
}

/** The keys under which content is kept; one for each session and lane, wrapped by its tenant's. */
export interface ContentKeys extends KeyFinder {
  /** The key for what is kept of an owner now. It is on disk, wrapped, when this resolves. */
  current(owner: ContentOwner): Promise<ContentKey>
}

/** The keys of the process that writes a lane. */
export interface LaneKeys extends ContentKeys {
  /** What `current` would give, if that can be said at once. */
  known(owner: ContentOwner): ContentKey | undefined
  close(): Promise<void>
}
