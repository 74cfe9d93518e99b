import type { Outbound, Weight } from './outbound.ts'

/**
 * Messages of syslog, RFC 5424 (https://www.rfc-editor.org/rfc/rfc5424#section-6), framed by octet counting
 * (https://www.rfc-editor.org/rfc/rfc6587#section-3.4.1, https://www.rfc-editor.org/rfc/rfc5425#section-4.3):
 *
 *     MSG-LEN SP <PRI>1 SP TIMESTAMP SP HOSTNAME SP sallyport SP - SP MSGID SP [sallyport@32473 …] SP MSG
 *
 * MSG is JSON in ASCII: it needs no BOM, which stands for UTF-8 alone and which parsers of JSON stumble over.
 */
export interface SyslogSource {
  /** 0 to 23. */
  readonly facility: number
  /** The name of this machine. */
  readonly host: string
}

/** What every receiver should take. https://www.rfc-editor.org/rfc/rfc5425#section-4.3.1 */
export const MAX_MESSAGE_BYTES = 8_192

/** https://www.rfc-editor.org/rfc/rfc5424#section-6.2.1 */
const SEVERITIES: Readonly<Record<Weight, number>> = { alert: 1, warning: 4, notice: 5, information: 6 }

/** The number that RFC 5612 sets apart for those who have none of their own. */
const STRUCTURE = 'sallyport@32473'
/** HOSTNAME = NILVALUE / 1*255PRINTUSASCII */
const MAX_HOST = 255
/** The last year that a TIMESTAMP can have has four digits: https://www.rfc-editor.org/rfc/rfc5424#section-6.2.3 */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
/** No id is longer in structured data. */
const MAX_PARAMETER = 128

/** One framed message. What is too long is sent without what the call held, or cut, and says so in `cut`. */
export function syslogFrame(event: Outbound, source: SyslogSource): Buffer {
  const message = syslogMessage(event, source)
  return Buffer.from(`${message.length} ${message}`, 'latin1')
}

function syslogMessage(event: Outbound, source: SyslogSource): string {
  const whole = `${head(event, source)} ${event.text}`
  if (whole.length <= MAX_MESSAGE_BYTES) return whole
  const cutHead = head(event, source, event.text.length)
  const short = `${cutHead} ${event.short()}`
  if (short.length <= MAX_MESSAGE_BYTES) return short
  return `${cutHead} ${cut(event.text, MAX_MESSAGE_BYTES - cutHead.length - 1)}`
}

/** Everything before MSG. `bytes`: how long the text was that was cut. */
function head(event: Outbound, { facility, host }: SyslogSource, bytes?: number): string {
  const priority = facility * 8 + SEVERITIES[event.weight]
  const time = new Date(Math.min(event.timeMs, LAST_MS)).toISOString()
  const parameters = [
    parameter('id', event.id),
    ...(event.sessionId === undefined ? [] : [parameter('session', event.sessionId)]),
    ...(bytes === undefined ? [] : [parameter('cut', String(bytes))]),
  ]
  return `<${priority}>1 ${time} ${hostName(host)} sallyport - ${event.kind} [${STRUCTURE} ${parameters.join(' ')}]`
}

/** https://www.rfc-editor.org/rfc/rfc5424#section-6.3.3: `"`, `\` and `]` are escaped; ours are printable ASCII. */
function parameter(name: string, value: string): string {
  const safe = value.slice(0, MAX_PARAMETER).replace(/[^ -~]/g, '?')
  return `${name}="${safe.replace(/["\\\]]/g, '\\$&')}"`
}

function hostName(host: string): string {
  const safe = host.slice(0, MAX_HOST).replace(/[^!-~]/g, '')
  return safe === '' ? '-' : safe
}

/** The beginning of a text as JSON of its own, which is still JSON. */
function cut(text: string, room: number): string {
  const wrapped = (length: number): string => JSON.stringify({ cut: true, beginning: text.slice(0, length) })
  // A quote of the text takes two characters in JSON, so that at most half of them is too many.
  let length = room
  while (length > 0 && wrapped(length).length > room)
    length -= Math.max(1, Math.ceil((wrapped(length).length - room) / 2))
  return wrapped(Math.max(length, 0))
}
