/*
 * What client and server agree on when they connect, and the states that a server reports.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html
 * https://mariadb.com/kb/en/connection/#capabilities
 */

/** In the order of their bits. */
const NAMES = [
  'longPassword',
  'foundRows',
  'longFlag',
  'connectWithDatabase',
  'noSchema',
  'compress',
  'odbc',
  'localFiles',
  'ignoreSpace',
  'protocol41',
  'interactive',
  'tls',
  'ignoreSigpipe',
  'transactions',
  'reserved',
  'secureConnection',
  'multiStatements',
  'multiResults',
  'preparedMultiResults',
  'pluginAuth',
  'connectAttributes',
  'longAuthData',
  'expiredPasswords',
  'sessionTrack',
  'deprecateEof',
  'optionalMetadata',
  'zstd',
  'queryAttributes',
  'multiFactor',
] as const

export type Capability = (typeof NAMES)[number]

const BITS: ReadonlyMap<Capability, number> = new Map(NAMES.map((name, i) => [name, 2 ** i]))

/** The bits of these capabilities, as 32 bits without a sign. */
export function capabilities(...names: readonly Capability[]): number {
  return names.reduce((bits, name) => (bits | (BITS.get(name) ?? 0)) >>> 0, 0)
}

/** Whether all of these were agreed on. */
export function has(agreed: number, ...names: readonly Capability[]): boolean {
  return names.every(name => (agreed & (BITS.get(name) ?? 0)) !== 0)
}

/** What a client or server must be able to do, or the gate does not talk to it: all have it since MySQL 5.5. */
export const NEEDED: number = capabilities('protocol41', 'secureConnection', 'pluginAuth')

/**
 * What changes the form of packets in a way that is not read here; never to be offered to a client or asked of a
 * server. MariaDB's extended capabilities (in the reserved bytes of a handshake) are among it, all of them.
 */
export const UNREADABLE: number = capabilities('compress', 'optionalMetadata', 'zstd', 'multiFactor')

/**
 * What counts between two sides. Clients ask for more than they are offered (mysql2 for query attributes) and mean what
 * both have; what cannot be read counts for nothing, though it was offered by mistake.
 */
export function agree(asked: number, offered: number): number {
  return (asked & offered & ~UNREADABLE) >>> 0
}

/** Bits of the status that OK and EOF packets report. */
export const STATUS: Readonly<
  Record<
    | 'inTransaction'
    | 'autocommit'
    | 'moreResults'
    | 'cursorExists'
    | 'lastRowSent'
    | 'noBackslashEscapes'
    | 'outParameters'
    | 'stateChanged',
    number
  >
> = Object.freeze({
  inTransaction: 0x0001,
  autocommit: 0x0002,
  moreResults: 0x0008,
  cursorExists: 0x0040,
  lastRowSent: 0x0080,
  noBackslashEscapes: 0x0200,
  outParameters: 0x1000,
  stateChanged: 0x4000,
})
