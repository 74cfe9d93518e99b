import { isIPv4, isIPv6 } from 'node:net'

/** An address or a network in CIDR form. */
export interface Network {
  /** 4 or 16 bytes. */
  readonly bytes: Uint8Array
  /** Leading bits that count. */
  readonly prefix: number
}

/**
 * Parses `203.0.113.0/24`, `2001:db8::/32` or an address alone (all its bits count); undefined where
 * the text is neither. An IPv4 address written as IPv6 (`::ffff:203.0.113.9`) is the IPv4 address, so
 * that a rule on IPv4 holds for a client on a socket for both.
 */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', length, ...rest] = text.split('/')
  if (rest.length > 0 || address.includes('%')) return undefined
  const bytes = isIPv4(address) ? ipv4(address) : isIPv6(address) ? ipv6(address) : undefined
  if (bytes === undefined) return undefined
  const bits = bytes.length * 8
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined
  const prefix = length === undefined ? bits : Number(length)
  if (prefix > bits) return undefined
  return unmapped({ bytes, prefix })
}

/** Whether every address of `inner` is in `outer`. */
export function contains(outer: Network, inner: Network): boolean {
  if (outer.bytes.length !== inner.bytes.length || outer.prefix > inner.prefix) return false
  for (let bit = 0; bit < outer.prefix; bit += 8) {
    const mask = 0xff & (0xff << Math.max(0, 8 - (outer.prefix - bit)))
    const left = (outer.bytes[bit >> 3] ?? 0) & mask
    if (left !== ((inner.bytes[bit >> 3] ?? 0) & mask)) return false
  }
  return true
}

function ipv4(address: string): Uint8Array {
  return Uint8Array.from(address.split('.'), Number)
}

function ipv6(address: string): Uint8Array {
  const [head = '', tail] = address.split('::')
  const left = groups(head)
  const right = groups(tail ?? '')
  const bytes = new Uint8Array(16)
  bytes.set(left)
  if (tail !== undefined) bytes.set(right, 16 - right.length)
  return bytes
}

function groups(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap(group => {
    if (group.includes('.')) return [...ipv4(group)]
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

function unmapped(network: Network): Network {
  const { bytes, prefix } = network
  const mapped = bytes.length === 16 && prefix >= 96 && MAPPED.every((byte, i) => bytes[i] === byte)
  return mapped ? { bytes: bytes.slice(12), prefix: prefix - 96 } : network
}
