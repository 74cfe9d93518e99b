/** Attacks on the control API as data: each file says what is sent, and how it must be answered. */

import { readdirSync, readFileSync } from 'node:fs'
import type { World } from '../../../src/api/world.fixture.ts'
import { http, TOKENS, token } from '../../../src/api/world.fixture.ts'

export interface Attack {
  /** What the attack tries. */
  readonly why: string
  /** Whom the demand of the request names; `group/on-call` where absent. */
  readonly from?: readonly string[]
  readonly request: {
    readonly method: string
    readonly target: string
    readonly headers?: readonly (readonly [name: string, value: string])[]
    readonly body?: string
    /** Who sends it: a token of the world, `admin`, or one made to measure. Absent: no `authorization` is added. */
    readonly token?: string | MadeToken
  }
  readonly expect: {
    readonly status: number
    /** Absent where the answer comes from below the control API. */
    readonly code?: string
  }
}

export interface MadeToken {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  /** Claims that are put in after it was signed. */
  readonly swap?: Readonly<Record<string, unknown>>
  /** In place of the real signature. */
  readonly signature?: string
}

export interface NamedAttack extends Attack {
  /** `FOLDER/FILE` without its ending. */
  readonly name: string
}

const FOLDER = new URL('./', import.meta.url)

export function readAttacks(): readonly NamedAttack[] {
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.json'))
    .sort()
    .map(name => ({
      ...(JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Attack),
      name: name.slice(0, -'.json'.length),
    }))
}

/** The bytes of the attack. `{id}`, `{ann}`, `{admin}` and the other tokens are put in wherever they stand. */
export function bytesOf({ request }: Attack, world: World, id: string): string {
  const fill = (text: string): string =>
    text
      .replaceAll('{id}', id)
      .replaceAll('{id:lower}', id.toLowerCase())
      .replaceAll('{admin}', world.adminToken.fresh?.reveal() ?? '')
      .replaceAll(/\{(ann|ben|eve|ci|other|forged)\}/g, (_, name: keyof typeof TOKENS) => TOKENS[name]())
      .replaceAll(/\{(\d+) times (.)\}/g, (_, times, what) => what.repeat(Number(times)))
  const { method, target, headers = [], body = '' } = request
  const bearer = tokenOf(request.token)
  const all = bearer === undefined ? headers : [['authorization', `Bearer ${bearer}`] as const, ...headers]
  return http(
    method,
    fill(target),
    all.map(([name, value]) => [name, fill(value)] as const),
    fill(body),
  )
}

function tokenOf(from: string | MadeToken | undefined): string | undefined {
  if (from === undefined || typeof from === 'string') return from === undefined ? undefined : `{${from}}`
  const { swap, signature, ...parts } = from
  const [head, claims, signed] = token({ ...parts, claims: { groups: ['on-call'], ...parts.claims } }).split(
    '.',
  )
  const text = Buffer.from(claims ?? '', 'base64url').toString()
  const swapped = swap === undefined ? text : JSON.stringify({ ...JSON.parse(text), ...swap })
  return [head, Buffer.from(swapped).toString('base64url'), signature ?? signed].join('.')
}
