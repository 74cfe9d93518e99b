import { readdirSync, readFileSync } from 'node:fs'
import type { RawHeader } from '../../harness/raw-client.ts'

/** Whose credentials a part is taken from; anything else is taken literally. */
export type Holder = 'all' | 'narrow' | 'other'

/** An attack on the whole gate, as a file. Texts may name `{host}`, `{accessKeyId}`, `{token}`, `{date}`, `{day}`, `{length}`. */
export interface Attack {
  /** What the attacker hopes for. */
  readonly why: string
  /** Whose session signs; default `all`. */
  readonly role?: Holder
  /** Service name of the credential scope. */
  readonly service: string
  readonly region?: string
  readonly request: {
    readonly method: string
    readonly target: string
    readonly headers?: readonly RawHeader[]
    readonly body?: string
    /** Default: the gate's own. */
    readonly host?: string
  }
  readonly sign?: Signing
  /** The body travels as `aws-chunked`. */
  readonly chunks?: Chunks
  /** Replacements in the finished bytes, in order; each must be found. */
  readonly after?: readonly (readonly [from: string, to: string])[]
  /** A second request, pipelined behind the first as it stands. */
  readonly then?: string
  readonly expect: Expected
}

export interface Signing {
  /** Default `header`. */
  readonly form?: 'header' | 'presigned' | 'none'
  readonly signedHeaders?: readonly string[]
  readonly payloadHash?: string
  readonly sendHash?: boolean
  /** Seconds that the client's clock is ahead. */
  readonly offsetS?: number
  /** Of a presigned URL; default 300. */
  readonly expiresS?: number
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly sessionToken?: string
}

export interface Chunks {
  readonly variant: 'signed' | 'signed-trailer' | 'unsigned-trailer'
  readonly pieces: readonly string[]
  /** Which chunks are sent, by number, after all are signed; the last is the empty one. Default: all. */
  readonly order?: readonly number[]
  /** Replaces the data of a chunk after it was signed. */
  readonly swap?: readonly [number: number, data: string]
  readonly decodedLength?: number
  /** Name and value of the trailer, as they are sent. */
  readonly trailer?: RawHeader
  /** Signed with all zeros instead. */
  readonly badTrailerSignature?: boolean
  /** False: no `content-encoding` tells of the chunks. */
  readonly encoding?: false
  /** Bytes after the end. */
  readonly extra?: string
}

export interface Expected {
  /** Status of the first reply; 0: the connection ends without one. */
  readonly status: number
  /** The gate's error code, or the kind of the denial. */
  readonly code?: string
  /** False for what the parser refuses, before there is a call. */
  readonly recorded?: false
  /** Part of the first reply's body. */
  readonly body?: string
  /** Status of every reply, where more than one comes. */
  readonly replies?: readonly number[]
  /** Not refused: the upstream sees exactly this target, once. */
  readonly passes?: string
  /** What the upstream sees of it: headers (null: absent) and the body. */
  readonly sees?: { readonly headers?: Readonly<Record<string, string | null>>; readonly body?: string }
}

export interface NamedAttack extends Attack {
  /** `group/name` */
  readonly name: string
}

/** Every file of the corpus; from these, nothing is ever removed. */
export function readAttacks(): readonly NamedAttack[] {
  const folder = new URL('.', import.meta.url)
  const groups = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory())
  return groups.flatMap(({ name: group }) =>
    readdirSync(new URL(`${group}/`, folder))
      .filter(file => file.endsWith('.json'))
      .sort()
      .map(file => ({
        ...(JSON.parse(readFileSync(new URL(`${group}/${file}`, folder), 'utf8')) as Attack),
        name: `${group}/${file.slice(0, -'.json'.length)}`,
      })),
  )
}
