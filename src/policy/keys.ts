import { nearest } from '../core/nearest.ts'
import type { PolicyDocument, PrincipalSelector, Statement } from './model.ts'
import { takesVariables } from './operators.ts'
import { type Located, type Problem, quote } from './problem.ts'
import { parseTemplate, variableKeys } from './variables.ts'

/** Whether the interpretation of calls can tell a condition key, in lower case: `s3:prefix`. */
export type CanKnow = (key: string) => boolean

/**
 * What a document is for; a trust policy is asked before there is a session, and a control policy about what
 * people do at the gate itself.
 */
export type DocumentKind = 'policy' | 'boundary' | 'trust' | 'control'

/**
 * Keys that the gate sets for every call, or that are absent from every call of a role's session made
 * without an AWS service in between, at the gate as in IAM. A `/` at the end stands for all that begins so.
 * Source: IAM User Guide, "AWS global condition context keys".
 */
const OF_EVERY_CALL: readonly string[] = [
  'aws:PrincipalArn',
  'aws:PrincipalAccount',
  'aws:PrincipalType',
  'aws:PrincipalTag/',
  'aws:userid',
  'aws:TokenIssueTime',
  'aws:SourceIdentity',
  'aws:FederatedProvider',
  'aws:SecureTransport',
  'aws:CurrentTime',
  'aws:EpochTime',
  'aws:SourceIp',
  'aws:UserAgent',
  'aws:RequestedRegion',
  'aws:ViaAWSService',
  'aws:PrincipalIsAWSService',
  'gate:Issuer',
  'gate:Subject',
  'gate:Claim/',
  'gate:ActingFor',
  'aws:username',
  'aws:CalledVia',
  'aws:CalledViaFirst',
  'aws:CalledViaLast',
  'aws:PrincipalServiceName',
  'aws:PrincipalServiceNamesList',
  'aws:SourceArn',
  'aws:SourceAccount',
]

/** Of these, the ones that no call through the gate ever has. */
const NEVER_PRESENT: ReadonlySet<string> = new Set([
  'aws:username',
  'aws:calledvia',
  'aws:calledviafirst',
  'aws:calledvialast',
  'aws:principalservicename',
  'aws:principalservicenameslist',
  'aws:sourcearn',
  'aws:sourceaccount',
])

/** Keys of statements to databases: absent from every other call, as AWS's own keys are from other services'. */
const OF_SQL: readonly string[] = [
  'sql:HasWhere',
  'sql:Tables',
  'sql:Columns',
  'sql:Functions',
  'sql:RowsAffected',
]

/** Keys that only the assuming of a role has. */
const OF_TRUST: readonly string[] = [
  'aws:RequestTag/',
  'aws:TagKeys',
  'sts:RoleSessionName',
  'sts:ExternalId',
  'sts:DurationSeconds',
  'sts:SourceIdentity',
  'sts:TransitiveTagKeys',
]

/** Keys that the control API sets, and none besides. */
const OF_CONTROL: readonly string[] = [
  'gate:Issuer',
  'gate:Subject',
  'gate:Claim/',
  'gate:Group',
  'gate:Role',
  'aws:SourceIp',
  'aws:SecureTransport',
  'aws:CurrentTime',
  'aws:EpochTime',
]

/** Why a key that users know from AWS cannot be known, by its beginning in lower case. */
const REASONS: readonly (readonly [prefix: string, reason: string])[] = [
  ['aws:resourcetag/', 'AWS knows the tags of a resource, and the gate does not read them'],
  ['gate:session/', 'the gate does not count what a session has used'],
  ['aws:multifactorauth', 'an identity token does not say it in a form of its own; use `gate:Claim/amr`'],
  ['aws:sourcevpc', 'AWS learns it at a VPC endpoint; use `aws:SourceIp`, the address at the gate'],
  ['aws:vpcsourceip', 'AWS learns it at a VPC endpoint; use `aws:SourceIp`, the address at the gate'],
  ['aws:ec2instance', 'AWS learns it from credentials that the client does not have'],
  ['aws:principalorg', 'only AWS Organizations knows it; use `aws:PrincipalAccount`'],
  ['aws:resourceorg', 'only AWS Organizations knows it'],
]

/** A key is taken for one of an issuer's claims where its prefix is that of a URL or named as a principal. */
const HOST = /^[a-z0-9.:/_~%-]+$/

/**
 * The condition keys of a document that can never have a value at the gate, each an error with its place:
 * those of conditions, and those of policy variables in resources and values. A `Deny` on such a key would
 * never hold, and nobody would know.
 */
export function unknowableKeys(
  document: PolicyDocument,
  canKnow: CanKnow,
  kind: DocumentKind,
): readonly Problem[] {
  const variables = document.version === '2012-10-17'
  return document.statements.flatMap(statement =>
    keysOfStatement(statement, variables)
      .filter(({ text }) => !isKnowable(text.toLowerCase(), canKnow, kind, statement.principals))
      .map(
        ({ text, at }): Problem => ({
          severity: 'error',
          kind: 'key',
          policy: document.name,
          at,
          message: `the gate cannot know the condition key ${quote(text)}: ${why(text, kind)}`,
        }),
      ),
  )
}

/** Keys, in lower case, that are absent from every call through the gate, as IAM's rules have it. */
export function isNeverPresent(key: string): boolean {
  return NEVER_PRESENT.has(key)
}

/** Every key that a statement names, with its place; in conditions, then in variables. */
export function keysOfStatement(statement: Statement, variables: boolean): readonly Located[] {
  const { conditions, resources } = statement
  const inConditions = conditions.map(({ key, keyAt }) => ({ text: key, at: keyAt }))
  if (!variables) return inConditions
  const values = conditions.flatMap(condition =>
    takesVariables(condition.operator.comparison) ? condition.values : [],
  )
  const inTexts = [...(resources?.patterns ?? []), ...values].flatMap(({ text, at }) => {
    const template = parseTemplate(text)
    return typeof template === 'string' ? [] : variableKeys(template).map(key => ({ text: key, at }))
  })
  return [...inConditions, ...inTexts]
}

function isKnowable(
  key: string,
  canKnow: CanKnow,
  kind: DocumentKind,
  principals: PrincipalSelector | undefined,
): boolean {
  if (kind === 'control') return isListed(key, OF_CONTROL)
  if (isListed(key, OF_EVERY_CALL)) return true
  if (kind === 'trust') return isListed(key, OF_TRUST) || isClaim(key, principals)
  return isListed(key, OF_SQL) || key.startsWith('request:') || canKnow(key) || isSubjectOfIssuer(key)
}

function isListed(key: string, names: readonly string[]): boolean {
  return names.some(name => {
    const lower = name.toLowerCase()
    return lower.endsWith('/') ? key.startsWith(lower) && key.length > lower.length : key === lower
  })
}

/** `HOST/PATH:claim`, or `NAME:claim` for an issuer that the statement itself names by a plain name. */
function isClaim(key: string, principals: PrincipalSelector | undefined): boolean {
  const [prefix, claim] = splitClaim(key)
  if (claim === '') return false
  if (isHost(prefix)) return true
  return (principals?.principals ?? []).some(
    ({ type, value }) => type === 'Federated' && providerOf(value.text) === prefix,
  )
}

/** Of a token, a session keeps its subject under the issuer's own name, as in IAM. */
function isSubjectOfIssuer(key: string): boolean {
  const [prefix, claim] = splitClaim(key)
  return claim === 'sub' && isHost(prefix)
}

function splitClaim(key: string): readonly [prefix: string, claim: string] {
  const colon = key.lastIndexOf(':')
  return colon <= 0 ? ['', ''] : [key.slice(0, colon), key.slice(colon + 1)]
}

/** No service prefix of IAM has a dot or a slash; every host but `localhost` and its ports has. */
function isHost(prefix: string): boolean {
  return HOST.test(prefix) && (prefix.includes('.') || prefix.includes('/') || prefix.startsWith('localhost'))
}

/** `oidc-provider/local`, `https://host/path` and `local` as the prefix of their keys. */
function providerOf(principal: string): string {
  const text = principal.toLowerCase()
  const provider = text.split(':oidc-provider/')[1] ?? text
  return provider.replace(/^https?:\/\//, '').replace(/\/$/, '')
}

function namesFor(kind: DocumentKind): readonly string[] {
  if (kind === 'control') return OF_CONTROL
  return kind === 'trust' ? [...OF_EVERY_CALL, ...OF_TRUST] : [...OF_EVERY_CALL, ...OF_SQL]
}

function why(key: string, kind: DocumentKind): string {
  const lower = key.toLowerCase()
  const reason = REASONS.find(([prefix]) => lower.startsWith(prefix))?.[1]
  if (reason !== undefined) return reason
  const names = namesFor(kind)
  const near = nearest(
    lower,
    names.filter(name => !name.endsWith('/')),
  )
  if (near !== undefined) return `did you mean \`${near}\`?`
  return kind === 'trust' && !lower.startsWith('aws:')
    ? 'a claim of a token is written `HOST/PATH:claim`, as in `token.actions.githubusercontent.com:sub`'
    : 'no request of its kind tells it; `docs/policy.md` lists the keys that can be used'
}
