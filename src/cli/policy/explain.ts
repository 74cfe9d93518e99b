import { parseArgs } from 'node:util'
import type { Context } from '../../core/decision.ts'
import { explain, explanationProse } from '../../policy/explain.ts'
import { DEFAULT_CONFIG_PATH } from '../check.ts'
import type { ExplainedRole, PolicyPorts, RecordedQuestion } from './ports.ts'
import { UsageError } from './usage.ts'

interface Options {
  readonly config: string
  readonly role: string | undefined
  readonly words: readonly string[] | undefined
  readonly event: string | undefined
  readonly action: string | undefined
  readonly resource: string
  readonly context: Context
  readonly json: boolean
}

/** `sallyport policy explain`: exit code 0 where the call is allowed, 1 where it is denied. */
export async function explainCall(args: readonly string[], ports: PolicyPorts): Promise<number> {
  const options = parse(args)
  const recorded =
    options.event === undefined ? undefined : await ports.findEvent(options.config, options.event)
  const roleArn = options.role ?? recorded?.roleArn
  if (roleArn === undefined) throw new UsageError('`policy explain` needs `--role`')
  const role = await ports.role(options.config, roleArn, recorded?.asker)
  const { pairs, context, note } = await ask(options, recorded, role, ports)
  const keys = new Map([...context, ...role.context, ...options.context])
  const explanation = explain({ principal: role.principal, pairs, context: keys }, role.layers)
  if (options.json) {
    const shown = { ...explanation, context: Object.fromEntries(keys), ...(note && { note }) }
    ports.out(`${JSON.stringify(shown, plainMaps, 2)}\n`)
  } else {
    ports.out(explanationProse(explanation))
    if (note !== undefined) ports.err(`note: ${note}\n`)
  }
  return explanation.decision.effect === 'allow' ? 0 : 1
}

type Question = Pick<RecordedQuestion, 'pairs' | 'context' | 'note'>

async function ask(
  { words, action, resource }: Options,
  recorded: RecordedQuestion | undefined,
  { principal }: ExplainedRole,
  ports: PolicyPorts,
): Promise<Question> {
  if (recorded !== undefined) return recorded
  if (words !== undefined) return ports.interpret(words, principal)
  return { pairs: [{ action: action ?? '', resource, certainty: 'exact' }], context: new Map() }
}

function parse(args: readonly string[]): Options {
  const end = args.indexOf('--')
  const words = end < 0 ? undefined : args.slice(end + 1)
  const { values } = parseArgs({
    args: end < 0 ? [...args] : args.slice(0, end),
    options: {
      config: { type: 'string', default: DEFAULT_CONFIG_PATH },
      role: { type: 'string' },
      event: { type: 'string' },
      action: { type: 'string' },
      resource: { type: 'string', default: '*' },
      context: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
  })
  const { role, event, action } = values
  if ([words, event, action].filter(each => each !== undefined).length !== 1) {
    throw new UsageError('give one of `-- aws ...`, `--event` and `--action`')
  }
  if (words !== undefined && words[0] !== 'aws')
    throw new UsageError('after `--` comes a command line of `aws`')
  return {
    config: values.config,
    role,
    words: words?.slice(1),
    event,
    action,
    resource: values.resource,
    context: contextOf(values.context),
    json: values.json,
  }
}

/** `KEY=VALUE`; a key that is given again has several values. */
function contextOf(texts: readonly string[]): Context {
  const context = new Map<string, string[]>()
  for (const text of texts) {
    const at = text.indexOf('=')
    if (at <= 0) throw new UsageError(`\`--context\` \`${text.slice(0, 60)}\` must be KEY=VALUE`)
    const key = text.slice(0, at).toLowerCase()
    context.set(key, [...(context.get(key) ?? []), text.slice(at + 1)])
  }
  return context
}

/** Contexts of single pairs are maps, which JSON does not know. */
function plainMaps(_: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value
}
