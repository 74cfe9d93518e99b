import { resolve } from 'node:path'
import { GateError } from '../core/errors.ts'
import { MAX_CONFIG_BYTES } from './defaults.ts'
import { whyUnreadable } from './files.ts'
import { type ConfigPorts, Findings } from './findings.ts'
import type { Config } from './model.ts'
import { formatProblem, type Problem, sortProblems } from './problem.ts'
import { resolveSettings } from './resolve.ts'
import { readSource } from './source.ts'
import { validate } from './validate.ts'

/** A configuration, or everything that is wrong with it. */
export interface ConfigReading {
  /** Set if and only if no problem is an error. Deeply frozen. */
  readonly config?: Config
  /** Errors and warnings in the order of the files; never one for another's sake. */
  readonly problems: readonly Problem[]
}

/** Reads a configuration and reports all that is wrong at once, in it and in the files that it names. */
export function readConfig(path: string, ports: ConfigPorts): ConfigReading {
  const file = resolve(path)
  const whole = (message: string): ConfigReading => ({
    problems: [{ severity: 'error', file, line: 1, column: 1, message }],
  })
  let text: string
  try {
    text = ports.files.read(file, MAX_CONFIG_BYTES).bytes.toString('utf8')
  } catch (error) {
    return whole(`cannot read the configuration: ${whyUnreadable(error)}`)
  }
  const source = readSource(file, text)
  if (source.problems.length > 0) return { problems: sortProblems(source.problems) }
  const { settings, problems } = validate(source)
  if (!settings) return { problems: sortProblems(problems) }
  const findings = new Findings(source, ports, {
    detectors: new Map(Object.entries(settings.masks.patterns)),
    peopleIssuers: settings.issuers.flatMap(({ name, people }) => (people === undefined ? [] : [name])),
  })
  const config = resolveSettings(settings, findings)
  const all = sortProblems([...problems, ...findings.problems])
  if (all.some(problem => problem.severity === 'error')) return { problems: all }
  return { config: freeze(config), problems: all }
}

/** As `readConfig`, for those who cannot go on without one; throws `config-invalid` with every problem. */
export function loadConfig(path: string, ports: ConfigPorts): Config {
  const { config, problems } = readConfig(path, ports)
  if (config) return config
  const lines = problems.filter(problem => problem.severity === 'error').map(formatProblem)
  throw new GateError('config-invalid', `the configuration is not valid:\n${lines.join('\n')}`)
}

/** Freezes plain objects and lists all the way down; other objects (`Redacted`, maps) guard themselves. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== Array.prototype) return value
  for (const member of Object.values(value)) freeze(member)
  return Object.freeze(value)
}
