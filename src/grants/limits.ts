const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

export interface ApprovalLimits {
  /** How long a request waits for an answer, ms. */
  readonly openForMs: number
  /** How long one that has ended is kept, from its beginning, ms. The journal keeps what became of it. */
  readonly keepForMs: number
  /** How many requests of one principal may be pending; about, where several replicas ask at once. */
  readonly pendingPerPrincipal: number
  /** How many one identity may ask at once; then one every so often, also where each is taken back, ms. */
  readonly askBurst: number
  readonly askEveryMs: number
  /** Of calls of one principal that break the glass, as many are told at once; then one every so often, ms. */
  readonly glassTold: number
  readonly glassToldEveryMs: number
  /** Longest standing access, ms. */
  readonly maxScopeMs: number
  /** How long a denial answers the same question, ms. */
  readonly coolDownMs: number
  /** Calls that may wait for an answer at once, in this process. */
  readonly waiters: number
  /** Of these, calls of one principal. */
  readonly waitersEach: number
  /** The largest call that people can be shown, in characters of its JSON. */
  readonly shownCharacters: number
}

export const DEFAULT_LIMITS: ApprovalLimits = {
  openForMs: 24 * HOUR_MS,
  keepForMs: 90 * 24 * HOUR_MS,
  pendingPerPrincipal: 100,
  askBurst: 100,
  askEveryMs: 10_000,
  glassTold: 20,
  glassToldEveryMs: 10_000,
  maxScopeMs: 12 * HOUR_MS,
  coolDownMs: 5 * MINUTE_MS,
  waiters: 1_000,
  waitersEach: 100,
  shownCharacters: 262_144,
}

/** Of standing access that no count limits: its time does. */
export const UNCOUNTED_USES = 1_000_000_000

/** How old an event must be for another process to take it for left behind, ms. */
export const LEFT_AFTER_MS = 10_000
