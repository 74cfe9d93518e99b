import { writeFile } from 'node:fs/promises'
import { loadCatalog } from '../catalog/load.ts'
import type { Catalog } from '../catalog/model.ts'
import type { ReviewedRole, ReviewedStatement } from '../cli/review/ports.ts'
import { review as runReview } from '../cli/review.ts'
import { loadConfig } from '../config/load.ts'
import type { RoleConfig } from '../config/model.ts'
import { matcher } from '../policy/glob/match.ts'
import { glob } from '../policy/glob/pattern.ts'
import type { Statement } from '../policy/model.ts'
import { parsePolicy } from '../policy/parse.ts'
import { nodeFiles } from '../record/node-files.ts'
import { configPorts } from './config-ports.ts'
import { openContentKeys } from './content-keys.ts'

const OWNER_FILE = 0o600

/** `sallyport review`, on this process's own terminal. */
export function review(args: readonly string[]): Promise<number> {
  let loaded: Catalog | undefined
  const catalog = (): Catalog => {
    loaded ??= loadCatalog()
    return loaded
  }
  return runReview(args, {
    files: nodeFiles,
    async configuration(path) {
      const config = loadConfig(path, await configPorts())
      const { data, roles } = config
      const actions = new Actions(catalog())
      return {
        data,
        roles: roles.map(role => reviewedRole(role, actions)),
        keys: await openContentKeys(config),
      }
    },
    accessLevel: action => levelOf(catalog(), action),
    out: async text => void process.stdout.write(text),
    err: text => void process.stderr.write(text),
    writeFile: (path, text) => writeFile(path, text, { mode: OWNER_FILE }),
    colored: process.stdout.isTTY === true && !process.env['NO_COLOR'],
    columns: process.stdout.isTTY === true ? process.stdout.columns : undefined,
    now: () => Date.now(),
  })
}

function levelOf(catalog: Catalog, action: string): string | undefined {
  const [prefix = '', name = ''] = action.split(':')
  return catalog.iam(prefix)?.actions.get(name)?.level
}

function reviewedRole({ arn, policies }: RoleConfig, actions: Actions): ReviewedRole {
  const documents = policies.map(({ name, text }) => parsePolicy({ name, text }))
  return {
    roleArn: arn,
    statements: documents.flatMap(({ name, statements }) => {
      return statements.map(statement => reviewedStatement(name, statement, actions))
    }),
  }
}

function reviewedStatement(policy: string, statement: Statement, actions: Actions): ReviewedStatement {
  const { sid, number, effect, actions: selector } = statement
  const named = selector.not ? [] : selector.patterns.flatMap(({ text }) => actions.matching(text))
  return {
    policy,
    statement: sid ?? `#${number}`,
    effect,
    actions: [...new Set(named)].toSorted(),
    allBut: selector.not,
  }
}

/** The actions of the catalog that patterns stand for; a service is loaded when a pattern is about it. */
class Actions {
  readonly #catalog: Catalog

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  /** In AWS's spelling; the pattern itself where it names something that AWS has not. */
  matching(pattern: string): readonly string[] {
    const lower = pattern.toLowerCase()
    const [service = ''] = lower.split(':')
    const prefixes = /[*?]/.test(service) ? this.#catalog.iamPrefixes : [service]
    const fits = matcher(glob(lower))
    const found = prefixes.flatMap(prefix => {
      const names = [...(this.#catalog.iam(prefix)?.actions.values() ?? [])].map(({ name }) => name)
      return [...new Set(names)].filter(name => fits(name.toLowerCase()))
    })
    return found.length > 0 || /[*?]/.test(pattern) ? found : [pattern]
  }
}
