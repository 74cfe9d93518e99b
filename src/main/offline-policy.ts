import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { loadCatalog } from '../catalog/load.ts'
import type { Catalog } from '../catalog/model.ts'
import type { PolicyPorts, RecordedQuestion } from '../cli/policy/ports.ts'
import { policy as runPolicy } from '../cli/policy.ts'
import { MAX_FILE_BYTES } from '../config/defaults.ts'
import { whyUnreadable } from '../config/files.ts'
import { loadConfig } from '../config/load.ts'
import { GateError } from '../core/errors.ts'
import { canKnow } from '../interpret/aws/context.ts'
import { readCallFromParameters } from '../interpret/aws/interpret.ts'
import { checkPolicy } from '../policy/check.ts'
import { readPolicy } from '../policy/parse.ts'
import { findById } from '../record/calls.ts'
import type { DecisionEvent } from '../record/event.ts'
import { nodeFiles } from '../record/node-files.ts'
import { configPorts } from './config-ports.ts'
import { openContentKeys } from './content-keys.ts'
import { maskProblems } from './mask-checks.ts'
import { layersOf } from './policies.ts'
import { interpretCommandLine } from './policy-call.ts'
import { partitionOf, sampleSession } from './policy-session.ts'

/** `sallyport policy`, on this process's own terminal. */
export function policy(args: readonly string[]): Promise<number> {
  return runPolicy(args, policyPorts())
}

function policyPorts(): PolicyPorts {
  let loaded: Catalog | undefined
  const catalog = (): Catalog => {
    loaded ??= loadCatalog()
    return loaded
  }
  return {
    out: text => void process.stdout.write(text),
    err: text => void process.stderr.write(text),
    readFile,
    check(source, kind) {
      const problems = checkPolicy(source, kind, { names: catalog(), canKnow })
      const { document } = readPolicy(source, kind === 'trust' ? 'trust' : 'permission')
      const masks = document === undefined ? [] : maskProblems(document, { catalog, own: undefined })
      return [...problems, ...masks]
    },
    async role(configPath, roleArn, asker) {
      const { roles } = loadConfig(configPath, await configPorts())
      const role = roles.find(({ arn }) => arn === roleArn)
      if (role === undefined) {
        throw new GateError('role-unknown', `the configuration has no role \`${roleArn.slice(0, 200)}\``)
      }
      return sampleSession(roleArn, layersOf(role), asker)
    },
    roleWithout: sampleSession,
    interpret: async (words, principal) => interpretCommandLine(catalog(), words, principal),
    findEvent: (configPath, id) => findEvent(configPath, id, catalog()),
  }
}

/** @throws GateError `policy-unreadable` */
function readFile(path: string): string {
  try {
    if (statSync(path).size <= MAX_FILE_BYTES) return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new GateError('policy-unreadable', `cannot read \`${path}\`: ${whyUnreadable(cause)}`, { cause })
  }
  throw new GateError('policy-unreadable', `\`${path}\` is longer than ${MAX_FILE_BYTES} bytes`)
}

async function findEvent(configPath: string, id: string, catalog: Catalog): Promise<RecordedQuestion> {
  const config = loadConfig(configPath, await configPorts())
  const keys = await openContentKeys(config)
  const source = { files: nodeFiles, folder: join(config.data, 'journal'), ...(keys && { keys }) }
  const found = await findById(source, id)
  if (found.kind === 'call') return questionOf(found.decision, catalog)
  throw new GateError('event-unknown', `\`${id.slice(0, 40)}\` is a session, not a call`)
}

function questionOf(event: DecisionEvent, catalog: Catalog): RecordedQuestion {
  if (event.shredded === true) {
    throw new GateError('content-shredded', `what \`${event.id}\` was is shredded`)
  }
  const { principal, call, clientAddress, id } = event
  if (principal === undefined || call === undefined) {
    const why = event.denial?.reason ?? 'it was not understood'
    throw new GateError('event-unknown', `\`${id}\` was refused before a policy was asked: ${why}`)
  }
  const { roleArn, issuer, subject, sourceIdentity, actingFor } = principal
  const caller = { account: roleArn.split(':')[4] ?? '', partition: partitionOf(roleArn) }
  const { service, operation, parameters, region, truncated, redacted, sql } = call
  const asked =
    truncated || sql !== undefined
      ? { pairs: call.pairs, context: new Map<string, readonly string[]>() }
      : readCallFromParameters(catalog, service, operation, parameters, region, caller)
  const lacks = [
    'claims, session tags and the session policy of the caller',
    ...(truncated ? ['parameters, which were cut'] : []),
    ...(sql === undefined ? [] : ['the keys of statements: `sql:Columns`, `sql:Functions` and the like']),
    ...(redacted.length > 0 && sql === undefined ? ['parameters that are sensitive'] : []),
  ]
  const context = new Map([...asked.context, ['aws:requestedregion', [region]] as const])
  return {
    pairs: asked.pairs,
    context,
    roleArn,
    asker: { issuer, subject, actingFor, clientAddress, ...(sourceIdentity && { sourceIdentity }) },
    note: `decided by the policies of now, without what no event records: ${lacks.join('; ')}`,
  }
}
