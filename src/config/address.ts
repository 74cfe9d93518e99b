/** Where to listen. */
export interface Address {
  /** A host name or an IP address; IPv6 without brackets. */
  readonly host: string
  /** 0 lets the system choose one. */
  readonly port: number
}

/** As the file writes it: `127.0.0.1:4566`, `[::1]:4566`. */
export function writeAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Whether only one of the two can be listened on, as far as they tell without a look-up of names. */
export function overlap(one: Address, other: Address): boolean {
  if (one.port !== other.port || one.port === 0) return false
  const [a, b] = [familiar(one.host), familiar(other.host)]
  return a === b || takes(a, b) || takes(b, a)
}

function familiar(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host.toLowerCase()
}

/** `::` is listened on for IPv4, too. */
function takes(wildcard: string, host: string): boolean {
  return wildcard === '::' || (wildcard === '0.0.0.0' && !host.includes(':'))
}
