import { covers } from './glob/cover.ts'
import { glob } from './glob/pattern.ts'
import type { PolicyDocument } from './model.ts'
import { narrowDeny, type SessionStatement, serviceOf, widenAllow } from './widen.ts'

/** A session policy for the lease of a role, and what is worth recording of it. */
export interface NarrowedPolicy {
  /** The document as JSON; at most 2,048 characters. */
  readonly policy: string
  /** How it was generalised; absent where it was not. */
  readonly note?: string
}

/** Characters of an inline session policy. Source: the `Policy` parameter of AssumeRole, STS API Reference. */
const MAX_LENGTH = 2_048

/**
 * The session policies of a role, from the narrowest to the most general, of those that fit AWS's limit. Each
 * allows at least what the role's documents can allow at the gate, so that AWS never refuses what the gate let
 * through; empty where nothing is gained by one, or none fits.
 *
 * What AWS services do with the caller's permissions on the way (S3 with a KMS key) is no call through the gate,
 * so it is always allowed and never denied here; the real role's own policy still limits it.
 */
export function sessionPolicies(documents: readonly PolicyDocument[]): readonly NarrowedPolicy[] {
  const allows: SessionStatement[] = []
  const denies: SessionStatement[] = []
  for (const { version, statements } of documents) {
    const variables = version === '2012-10-17'
    for (const statement of statements) {
      const { effect } = statement
      if (effect === 'Allow' || effect === 'RequireApproval') allows.push(...widenAllow(statement, variables))
      if (effect === 'Deny') denies.push(...narrowDeny(statement, variables))
    }
  }
  const levels: readonly (readonly [statements: readonly SessionStatement[], note?: string])[] = [
    [[...allows, ...denies]],
    [[...allows.map(anyResource), ...denies.filter(isEverywhere)], 'session policy without resources'],
    [allows.map(anyResource).map(anyAction), 'session policy by services'],
  ]
  const found = new Map<string, NarrowedPolicy>()
  for (const [statements, note] of levels) {
    const merged = merge(statements)
    const policy = print(merged)
    if (policy.length > MAX_LENGTH || !narrows(merged) || found.has(policy)) continue
    found.set(policy, { policy, ...(note === undefined ? {} : { note }) })
  }
  return [...found.values()]
}

function anyResource(statement: SessionStatement): SessionStatement {
  return { ...statement, notResource: false, resources: ['*'] }
}

function anyAction(statement: SessionStatement): SessionStatement {
  if (statement.notAction) return { ...statement, notAction: false, actions: ['*'] }
  const actions = statement.actions.map(action => (action === '*' ? '*' : `${serviceOf(action)}:*`))
  return { ...statement, actions }
}

function isEverywhere({ notResource, resources }: SessionStatement): boolean {
  return !notResource && resources.includes('*')
}

/** Whether it leaves out anything at all. */
function narrows(statements: readonly SessionStatement[]): boolean {
  return !statements.some(
    statement =>
      statement.effect === 'Allow' &&
      !statement.notAction &&
      statement.actions.includes('*') &&
      isEverywhere(statement) &&
      !statements.some(({ effect }) => effect === 'Deny'),
  )
}

/** Statements about the same resources become one, without the actions that another one of them covers. */
function merge(statements: readonly SessionStatement[]): readonly SessionStatement[] {
  const groups = new Map<string, SessionStatement>()
  for (const [index, statement] of statements.entries()) {
    const { effect, notAction, notResource } = statement
    const resources = [...statement.resources].sort()
    // Everything but A, and everything but B, is no list of actions: those stay apart.
    const key = JSON.stringify([effect, notAction ? index : '', notResource, resources])
    const known = groups.get(key)?.actions ?? []
    const actions = notAction ? statement.actions : withoutCovered([...known, ...statement.actions])
    groups.set(key, { ...statement, resources, actions })
  }
  return [...groups.values()]
}

function withoutCovered(actions: readonly string[]): readonly string[] {
  const kept: string[] = []
  for (const action of [...new Set(actions)].sort((a, b) => a.length - b.length)) {
    const pattern = glob(action.toLowerCase())
    if (!kept.some(other => covers(glob(other.toLowerCase()), pattern))) kept.push(action)
  }
  return kept.sort()
}

const VIA_SERVICE = { Effect: 'Allow', Action: '*', Resource: '*', Condition: viaService(true) }
const EXPRESS = { Effect: 'Allow', Action: 's3express:CreateSession', Resource: '*' }

function viaService(value: boolean): object {
  return { Bool: { 'aws:ViaAWSService': String(value) } }
}

function print(statements: readonly SessionStatement[]): string {
  const written = statements.map(({ effect, notAction, actions, notResource, resources }) => ({
    Effect: effect,
    [notAction ? 'NotAction' : 'Action']: single(actions),
    [notResource ? 'NotResource' : 'Resource']: single(resources),
    ...(effect === 'Deny' ? { Condition: viaService(false) } : {}),
  }))
  const express = statements.some(mayUseS3) ? [EXPRESS] : []
  return JSON.stringify({ Version: '2012-10-17', Statement: [...written, ...express, VIA_SERVICE] })
}

/** Objects in directory buckets need a session of S3 Express, which the gate opens by itself. */
function mayUseS3({ effect, notAction, actions }: SessionStatement): boolean {
  if (effect !== 'Allow') return false
  return notAction || actions.some(action => ['', 's3', 's3express'].includes(serviceOf(action)))
}

function single(values: readonly string[]): string | readonly string[] {
  const [only, ...more] = values
  return only !== undefined && more.length === 0 ? only : values
}
