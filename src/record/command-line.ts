import { cliNegation, cliOperation, cliOption, cliService } from '../core/cli-name.ts'
import { CLI_OUTFILES, CLI_UNNAMED } from '../core/cli-names.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { RecordedCall } from './event.ts'
import { shellWord } from './shell.ts'

/** Beginnings of values that the CLI would take for the name of a file or page to read instead. */
const REFERENCES = ['file://', 'fileb://', 'http://', 'https://']
/** Elements that need no JSON around them. */
const SIMPLE_ELEMENT = /^[A-Za-z0-9_@%+:./*?][A-Za-z0-9_@%+:./*?-]*$/

/**
 * The `aws` command line that would make the call, safe to paste into a shell: every value is one
 * quoted word, whatever is in it. Blobs are in base64, which is what version 2 of the CLI takes;
 * redacted values read `<redacted>`. A body that was streamed is not part of it.
 */
export function commandLine(call: RecordedCall): string {
  const { service, operation } = call
  const words = ['aws', cliService(service), cliOperation(service, operation)]
  const asJson: Record<string, Json> = {}
  const count = instanceCount(call)
  for (const [member, value] of Object.entries(call.parameters)) {
    if (count !== undefined && COUNTS.has(member)) continue
    const option = memberWords(call, member, value)
    if (option === undefined) Object.defineProperty(asJson, member, { value, enumerable: true })
    else words.push(...option)
  }
  if (count !== undefined) words.push('--count', count)
  if (Object.keys(asJson).length > 0) words.push('--cli-input-json', JSON.stringify(asJson))
  if (CLI_OUTFILES.has(`${service}.${operation}`)) words.push('/dev/stdout')
  if (call.region !== '') words.push('--region', call.region)
  return words.map(shellWord).join(' ')
}

/** The two members for which the CLI has one option. */
const COUNTS: ReadonlySet<string> = new Set(['MinCount', 'MaxCount'])

/** What `ec2 run-instances --count` says: `2`, or `1:3` for at least one and at most three. */
function instanceCount(call: RecordedCall): string | undefined {
  if (call.service !== 'ec2' || call.operation !== 'RunInstances') return undefined
  const { MinCount: least, MaxCount: most } = call.parameters
  if (!isCount(least) || !isCount(most)) return undefined
  return least === most ? String(least) : `${least}:${most}`
}

function isCount(value: Json | undefined): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

/** The words of one option; undefined where only `--cli-input-json` can carry the value as it is. */
function memberWords(call: RecordedCall, member: string, value: Json): readonly string[] | undefined {
  const option = `--${cliOption(call.service, call.operation, member)}`
  if (value === null || CLI_UNNAMED.has(`${call.service}.${call.operation}.${member}`)) return undefined
  if (value === true) return [option]
  if (value === false) return [`--${cliNegation(call.service, call.operation, member)}`]
  if (typeof value === 'number') return valueWords(option, String(value))
  if (typeof value === 'string') {
    if (value.includes('\0') || REFERENCES.some(start => value.startsWith(start))) return undefined
    return valueWords(option, value)
  }
  if (isSimpleList(value)) return [option, ...value]
  return [option, JSON.stringify(value)]
}

/** A value that begins with a dash must not be taken for an option. */
function valueWords(option: string, value: string): readonly string[] {
  return value.startsWith('-') ? [`${option}=${value}`] : [option, value]
}

function isSimpleList(value: JsonObject | readonly Json[]): value is readonly string[] {
  if (!Array.isArray(value) || value.length === 0) return false
  return value.every(
    element =>
      typeof element === 'string' &&
      SIMPLE_ELEMENT.test(element) &&
      !REFERENCES.some(start => element.startsWith(start)),
  )
}
