import { join } from 'node:path'
import { laneName, MAX_LANE } from '../segment.ts'

/** Where keys stand in `data/journal`. A lane's are written by the process that has its lock, and by nobody else. */
export const keyLayout: {
  lanes(folder: string): string
  lane(folder: string, lane: number): string
  file(folder: string, lane: number, file: number): string
  tenants(folder: string, lane: number): string
  tenant(folder: string, lane: number, name: string, number: number): string
  /** What was shredded and is not in a chain yet, or is. */
  notices(folder: string): string
} = {
  lanes: folder => join(folder, 'keys'),
  lane: (folder, lane) => join(folder, 'keys', laneName(lane)),
  file: (folder, lane, file) => join(folder, 'keys', laneName(lane), `${tenDigits(file)}.keys`),
  tenants: (folder, lane) => join(folder, 'keys', laneName(lane), 'tenants'),
  tenant: (folder, lane, name, number) =>
    join(folder, 'keys', laneName(lane), 'tenants', `${name}.${number}.json`),
  notices: folder => join(folder, 'keys', 'shredded'),
}

/** Where a content key stands: its lane, its key file, its record in it, all but the lane from 1. */
export interface KeyPlace {
  readonly lane: number
  readonly file: number
  readonly record: number
}

/** `00.0000000001.7` */
export function keyId({ lane, file, record }: KeyPlace): string {
  return `${laneName(lane)}.${tenDigits(file)}.${record}`
}

/** The place that an id names; undefined if it is none. */
export function keyPlace(id: string): KeyPlace | undefined {
  const match = /^(\d\d)\.(\d{10})\.([1-9]\d{0,5})$/.exec(id)
  const [lane, file, record] = [Number(match?.[1]), Number(match?.[2]), Number(match?.[3])]
  return match === null || lane > MAX_LANE || file < 1 ? undefined : { lane, file, record }
}

/** The last numbers that names have room for: one more would be found by nobody. */
export const MAX_KEY_FILE = 9_999_999_999
export const MAX_TENANT_KEY = 999_999

/** Numbers of the key files among a folder's file names, ascending. */
export function keyFileNumbers(names: readonly string[]): number[] {
  return names
    .filter(name => /^\d{10}\.keys$/.test(name))
    .map(name => Number.parseInt(name, 10))
    .sort((a, b) => a - b)
}

/** The tenant and the number of its key that a file's name says; undefined for any other file. */
export function tenantFile(name: string): { readonly tenant: string; readonly number: number } | undefined {
  const match = /^([A-Za-z0-9._-]{1,64})\.([1-9]\d{0,5})\.json$/.exec(name)
  return match === null ? undefined : { tenant: match[1] ?? '', number: Number(match[2]) }
}

function tenDigits(number: number): string {
  return String(number).padStart(10, '0')
}
