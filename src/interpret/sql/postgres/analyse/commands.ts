import type { Node, ObjectType } from 'libpg-query'
import { type SqlAction, type SqlObject, Unresolved } from '../../model.ts'
import type { Analysis } from './analysis.ts'
import { readDefinition } from './definitions.ts'
import { readTables } from './tables.ts'
import { bodyOf, ifKind, kindOf, type NodeKind, namesOf } from './tree.ts'

/**
 * Statements that change what the database is, and those that look after it: which action each is, and on what. Their
 * parts (constraints, index expressions, trigger bodies) are part of what is created: who may create may say what.
 */
interface Command {
  readonly action: SqlAction
  readonly tag: string
  /** The kind of what it is about, or that its tree says it; and the members of the tree that name it. */
  readonly on: SqlObject['kind'] | 'typed'
  readonly names?: readonly string[]
}

const command = (action: SqlAction, tag: string, on: Command['on'], ...names: string[]): Command => ({
  action,
  tag,
  on,
  names,
})

const COMMANDS: { readonly [K in NodeKind]?: Command } = {
  AlterCollationStmt: command('sql:Alter', 'ALTER COLLATION', 'other', 'collname'),
  AlterDatabaseRefreshCollStmt: command('sql:Alter', 'ALTER DATABASE', 'database', 'dbname'),
  AlterDatabaseSetStmt: command('sql:Alter', 'ALTER DATABASE', 'database', 'dbname'),
  AlterDatabaseStmt: command('sql:Alter', 'ALTER DATABASE', 'database', 'dbname'),
  AlterDefaultPrivilegesStmt: command('sql:Grant', 'ALTER DEFAULT PRIVILEGES', 'other'),
  AlterDomainStmt: command('sql:Alter', 'ALTER DOMAIN', 'type', 'typeName'),
  AlterEnumStmt: command('sql:Alter', 'ALTER TYPE', 'type', 'typeName'),
  AlterEventTrigStmt: command('sql:Alter', 'ALTER EVENT TRIGGER', 'other', 'trigname'),
  AlterExtensionContentsStmt: command('sql:Alter', 'ALTER EXTENSION', 'other', 'extname'),
  AlterExtensionStmt: command('sql:Alter', 'ALTER EXTENSION', 'other', 'extname'),
  AlterFdwStmt: command('sql:Alter', 'ALTER FOREIGN DATA WRAPPER', 'server', 'fdwname'),
  AlterForeignServerStmt: command('sql:Alter', 'ALTER SERVER', 'server', 'servername'),
  AlterFunctionStmt: command('sql:Alter', 'ALTER FUNCTION', 'function', 'func'),
  AlterObjectDependsStmt: command('sql:Alter', 'ALTER', 'typed'),
  AlterObjectSchemaStmt: command('sql:Alter', 'ALTER', 'typed'),
  AlterOpFamilyStmt: command('sql:Alter', 'ALTER OPERATOR FAMILY', 'other', 'opfamilyname'),
  AlterOperatorStmt: command('sql:Alter', 'ALTER OPERATOR', 'function', 'opername'),
  AlterOwnerStmt: command('sql:Alter', 'ALTER', 'typed'),
  AlterPolicyStmt: command('sql:Alter', 'ALTER POLICY', 'relation', 'table'),
  AlterPublicationStmt: command('sql:Alter', 'ALTER PUBLICATION', 'other', 'pubname'),
  AlterRoleSetStmt: command('sql:Alter', 'ALTER ROLE', 'role', 'role'),
  AlterRoleStmt: command('sql:Alter', 'ALTER ROLE', 'role', 'role'),
  AlterSeqStmt: command('sql:Alter', 'ALTER SEQUENCE', 'relation', 'sequence'),
  AlterStatsStmt: command('sql:Alter', 'ALTER STATISTICS', 'other', 'defnames'),
  AlterSubscriptionStmt: command('sql:Alter', 'ALTER SUBSCRIPTION', 'other', 'subname'),
  AlterSystemStmt: command('sql:Alter', 'ALTER SYSTEM', 'setting'),
  AlterTSConfigurationStmt: command('sql:Alter', 'ALTER TEXT SEARCH CONFIGURATION', 'other', 'cfgname'),
  AlterTSDictionaryStmt: command('sql:Alter', 'ALTER TEXT SEARCH DICTIONARY', 'other', 'dictname'),
  AlterTableMoveAllStmt: command('sql:Alter', 'ALTER TABLE', 'other', 'orig_tablespacename'),
  AlterTableSpaceOptionsStmt: command('sql:Alter', 'ALTER TABLESPACE', 'other', 'tablespacename'),
  AlterTableStmt: command('sql:Alter', 'ALTER TABLE', 'relation', 'relation'),
  AlterTypeStmt: command('sql:Alter', 'ALTER TYPE', 'type', 'typeName'),
  AlterUserMappingStmt: command('sql:Alter', 'ALTER USER MAPPING', 'server', 'servername'),
  CheckPointStmt: command('sql:Maintain', 'CHECKPOINT', 'other'),
  ClusterStmt: command('sql:Maintain', 'CLUSTER', 'relation', 'relation'),
  CommentStmt: command('sql:Alter', 'COMMENT', 'typed'),
  CompositeTypeStmt: command('sql:Create', 'CREATE TYPE', 'type', 'typevar'),
  CreateAmStmt: command('sql:Create', 'CREATE ACCESS METHOD', 'other', 'amname'),
  CreateCastStmt: command('sql:Create', 'CREATE CAST', 'other'),
  CreateConversionStmt: command('sql:Create', 'CREATE CONVERSION', 'other', 'conversion_name'),
  CreateDomainStmt: command('sql:Create', 'CREATE DOMAIN', 'type', 'domainname'),
  CreateEnumStmt: command('sql:Create', 'CREATE TYPE', 'type', 'typeName'),
  CreateEventTrigStmt: command('sql:Create', 'CREATE EVENT TRIGGER', 'other', 'trigname'),
  CreateExtensionStmt: command('sql:Create', 'CREATE EXTENSION', 'other', 'extname'),
  CreateFdwStmt: command('sql:Create', 'CREATE FOREIGN DATA WRAPPER', 'server', 'fdwname'),
  CreateForeignServerStmt: command('sql:Create', 'CREATE SERVER', 'server', 'servername'),
  CreateForeignTableStmt: command('sql:Create', 'CREATE FOREIGN TABLE', 'relation', 'base'),
  CreateFunctionStmt: command('sql:Create', 'CREATE FUNCTION', 'function', 'funcname'),
  CreateOpClassStmt: command('sql:Create', 'CREATE OPERATOR CLASS', 'other', 'opclassname'),
  CreateOpFamilyStmt: command('sql:Create', 'CREATE OPERATOR FAMILY', 'other', 'opfamilyname'),
  CreatePLangStmt: command('sql:Create', 'CREATE LANGUAGE', 'other', 'plname'),
  CreatePolicyStmt: command('sql:Create', 'CREATE POLICY', 'relation', 'table'),
  CreatePublicationStmt: command('sql:Create', 'CREATE PUBLICATION', 'other', 'pubname'),
  CreateRangeStmt: command('sql:Create', 'CREATE TYPE', 'type', 'typeName'),
  CreateRoleStmt: command('sql:Create', 'CREATE ROLE', 'role', 'role'),
  CreateSchemaStmt: command('sql:Create', 'CREATE SCHEMA', 'schema', 'schemaname'),
  CreateSeqStmt: command('sql:Create', 'CREATE SEQUENCE', 'relation', 'sequence'),
  CreateStatsStmt: command('sql:Create', 'CREATE STATISTICS', 'other', 'defnames'),
  CreateStmt: command('sql:Create', 'CREATE TABLE', 'relation', 'relation'),
  CreateSubscriptionStmt: command('sql:Create', 'CREATE SUBSCRIPTION', 'other', 'subname'),
  CreateTableSpaceStmt: command('sql:Create', 'CREATE TABLESPACE', 'other', 'tablespacename'),
  CreateTransformStmt: command('sql:Create', 'CREATE TRANSFORM', 'other'),
  CreateTrigStmt: command('sql:Create', 'CREATE TRIGGER', 'relation', 'relation'),
  CreateUserMappingStmt: command('sql:Create', 'CREATE USER MAPPING', 'server', 'servername'),
  CreatedbStmt: command('sql:Create', 'CREATE DATABASE', 'database', 'dbname'),
  DefineStmt: command('sql:Create', 'CREATE', 'other', 'defnames'),
  DropOwnedStmt: command('sql:Drop', 'DROP OWNED', 'role', 'roles'),
  DropRoleStmt: command('sql:Drop', 'DROP ROLE', 'role', 'roles'),
  DropSubscriptionStmt: command('sql:Drop', 'DROP SUBSCRIPTION', 'other', 'subname'),
  DropTableSpaceStmt: command('sql:Drop', 'DROP TABLESPACE', 'other', 'tablespacename'),
  DropUserMappingStmt: command('sql:Drop', 'DROP USER MAPPING', 'server', 'servername'),
  DropdbStmt: command('sql:Drop', 'DROP DATABASE', 'database', 'dbname'),
  GrantRoleStmt: command('sql:Grant', 'GRANT ROLE', 'role', 'granted_roles'),
  ImportForeignSchemaStmt: command('sql:Create', 'IMPORT FOREIGN SCHEMA', 'schema', 'local_schema'),
  IndexStmt: command('sql:Create', 'CREATE INDEX', 'relation', 'relation'),
  LoadStmt: command('sql:Call', 'LOAD', 'file', 'filename'),
  ReassignOwnedStmt: command('sql:Alter', 'REASSIGN OWNED', 'role', 'roles'),
  ReindexStmt: command('sql:Maintain', 'REINDEX', 'relation', 'relation', 'name'),
  RenameStmt: command('sql:Alter', 'ALTER', 'typed'),
  ReplicaIdentityStmt: command('sql:Alter', 'ALTER TABLE', 'relation'),
  RuleStmt: command('sql:Create', 'CREATE RULE', 'relation', 'relation'),
  SecLabelStmt: command('sql:Alter', 'SECURITY LABEL', 'typed'),
}

/** Whether a statement is told by what it is about alone. */
export function isCommand(kind: NodeKind): boolean {
  return COMMANDS[kind] !== undefined
}

/** Records what a command is about; returns its tag. A name that is not known is any. */
export function readCommand(node: Node, analysis: Analysis): string {
  const kind = kindOf(node)
  const found = COMMANDS[kind]
  if (found === undefined) throw new Unresolved(`the gate does not know what a ${kind} is`)
  const body = bodyOf(node, kind) as unknown as Body
  const isRevoke = kind === 'GrantRoleStmt' && body['is_grant'] !== true
  const { on, paths } = aboutOf(found, body)
  const action = isRevoke ? 'sql:Revoke' : found.action
  if (MAKES.has(kind)) for (const path of paths) touchNew(path, body, analysis)
  else for (const path of paths) touchPath(action, on, path, analysis)
  if (kind === 'CreateSchemaStmt' && body['schemaElts'] !== undefined) {
    throw new Unresolved('a schema is made with what is in it: make it first, and that then')
  }
  if (kind === 'CreateForeignTableStmt') {
    analysis.touch('sql:Select', { kind: 'server', name: String(body['servername'] ?? '*') })
  }
  const [path] = on === 'relation' && !MAKES.has(kind) ? paths : []
  readDefinition(node, kind, path && analysis.find(path.at(-2), path.at(-1) ?? ''), analysis)
  readTables(kind, body, analysis)
  return isRevoke ? 'REVOKE ROLE' : found.tag
}

export type Body = Readonly<Record<string, unknown>>

/** What a command is about. */
function aboutOf(
  { on, names }: Command,
  body: Body,
): { on: SqlObject['kind']; paths: ReturnType<typeof pathsOf> } {
  if (on === 'typed') return typedObject(body)
  const named = (names ?? []).map(name => body[name]).find(value => value !== undefined)
  return { on, paths: pathsOf(named) }
}

/** RENAME, SET SCHEMA, OWNER TO, COMMENT and the like: the tree says of what kind their object is. */
function typedObject(body: Body): { on: SqlObject['kind']; paths: ReturnType<typeof pathsOf> } {
  const type = (body['renameType'] ?? body['objectType'] ?? body['objtype']) as ObjectType | undefined
  const on = kindOfObject(type)
  if (body['relation'] !== undefined) return { on: 'relation', paths: pathsOf(body['relation']) }
  const paths = pathsOf(body['object'] ?? body['subname'])
  return isPart(type) ? { on: 'relation', paths: paths.map(path => path.slice(0, -1)) } : { on, paths }
}

/** Whether an object is a part of a relation, whose name stands before its own. */
export function isPart(type: ObjectType | undefined): boolean {
  return PARTS.has(type ?? 'OBJECT_TABLE')
}

const PARTS: ReadonlySet<ObjectType> = new Set<ObjectType>([
  'OBJECT_COLUMN',
  'OBJECT_POLICY',
  'OBJECT_RULE',
  'OBJECT_TABCONSTRAINT',
  'OBJECT_TRIGGER',
])

/** Commands that make a relation. */
const MAKES: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'CreateForeignTableStmt',
  'CreateSeqStmt',
  'CreateStmt',
])

/** A relation that does not exist yet: it comes to be in the first schema of the path that can hold one. */
export function touchNew(path: readonly string[], range: unknown, analysis: Analysis): void {
  const isTemporary = persistenceOf(range) === 't'
  const schema = isTemporary ? 'pg_temp' : (path.at(-2) ?? analysis.schemaOfNew())
  const object: SqlObject = { kind: 'relation', name: path.at(-1) ?? '*' }
  analysis.touch('sql:Create', schema === undefined ? object : { ...object, schema })
}

/** Of a range, or of the command that holds it. */
function persistenceOf(value: unknown): unknown {
  const { relpersistence, relation, sequence, base } = (value ?? {}) as Body
  return (
    relpersistence ?? [relation, sequence, base].map(each => each && persistenceOf(each)).find(each => each)
  )
}

/** A path as a resource: the schema that was written, else any of those where the server may look. */
export function touchPath(
  action: SqlAction,
  kind: SqlObject['kind'],
  path: readonly string[],
  analysis: Analysis,
): void {
  const name = path.at(-1) ?? '*'
  const schema = path.at(-2) ?? (kind === 'relation' ? analysis.find(undefined, name)?.schema : undefined)
  analysis.touch(action, { kind, name, ...(schema === undefined ? {} : { schema }) })
}

/** The paths that a member of the tree gives: a name, a range, a list of names, a list of such lists. */
export function pathsOf(value: unknown): readonly (readonly string[])[] {
  if (typeof value === 'string') return [[value]]
  if (Array.isArray(value)) {
    const nodes = value as readonly Node[]
    if (nodes.every(node => ifKind(node, 'String') !== undefined)) return [namesOf(nodes)]
    return nodes.flatMap(node => pathsOf(node))
  }
  if (typeof value !== 'object' || value === null) return [['*']]
  const word = ifKind(value as Node, 'String')?.sval
  if (word !== undefined) return [[word]]
  const { relname, schemaname, rolename, objname, names, List, base, relation } = value as Readonly<
    Record<string, unknown>
  >
  if (typeof relname === 'string') return [typeof schemaname === 'string' ? [schemaname, relname] : [relname]]
  if (typeof rolename === 'string') return [[rolename]]
  for (const inner of [objname, names, base, relation]) if (inner !== undefined) return pathsOf(inner)
  if (List !== undefined) return pathsOf((List as { readonly items?: unknown }).items)
  const [inner] = Object.values(value)
  return typeof inner === 'object' ? pathsOf(inner) : [['*']]
}

/** What a DROP is of, by the type of its objects. */
export function kindOfObject(type: ObjectType | undefined): SqlObject['kind'] {
  switch (type) {
    case 'OBJECT_TABLE':
    case 'OBJECT_VIEW':
    case 'OBJECT_MATVIEW':
    case 'OBJECT_SEQUENCE':
    case 'OBJECT_INDEX':
    case 'OBJECT_FOREIGN_TABLE':
      return 'relation'
    case 'OBJECT_FUNCTION':
    case 'OBJECT_PROCEDURE':
    case 'OBJECT_ROUTINE':
    case 'OBJECT_AGGREGATE':
      return 'function'
    case 'OBJECT_SCHEMA':
      return 'schema'
    case 'OBJECT_TYPE':
    case 'OBJECT_DOMAIN':
      return 'type'
    case 'OBJECT_DATABASE':
      return 'database'
    case 'OBJECT_ROLE':
      return 'role'
    default:
      return 'other'
  }
}
