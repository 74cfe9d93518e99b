/** A reply of the gate. */
export interface Reply {
  readonly status: number
  /** `x-sallyport-event` */
  readonly eventId: string | undefined
  /** The gate closes the connection after it. */
  readonly closes: boolean
  readonly body: string
}

/** The whole replies at the start of these bytes. The gate gives each a length. */
export function parseReplies(bytes: Buffer): readonly Reply[] {
  const replies: Reply[] = []
  let text = bytes.toString('latin1')
  for (;;) {
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return replies
    const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
    const headers = new Map(
      lines.map(line => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    )
    const status = Number(statusLine.split(' ')[1])
    const length = Number(headers.get('content-length') ?? 0)
    const body = text.slice(end + 4, end + 4 + length)
    if (body.length < length) return replies
    text = text.slice(end + 4 + length)
    if (status === 100) continue
    const eventId = headers.get('x-sallyport-event')
    replies.push({ status, eventId, closes: headers.get('connection') === 'close', body })
  }
}
