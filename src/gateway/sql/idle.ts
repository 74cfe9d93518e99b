/** What runs on a connection; nothing while it waits for its client. */
export interface Busy {
  readonly isBusy: boolean
}

/**
 * Watches a connection, and says once that nothing has come, gone or run on it for so long; then it watches no more.
 *
 * @param bytes that have come and gone until now
 * @param afterMs at the least; at most twice as long
 */
export function watchIdle(
  bytes: () => number,
  session: Busy,
  afterMs: number,
  onIdle: () => void,
): () => void {
  let seen = bytes()
  const timer = setInterval(() => {
    const now = bytes()
    if (now !== seen || session.isBusy) {
      seen = now
      return
    }
    clearInterval(timer)
    onIdle()
  }, afterMs)
  timer.unref()
  return () => clearInterval(timer)
}
