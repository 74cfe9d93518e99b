import type { Command } from '../../wire/mysql/messages.ts'

const HINTS: Readonly<Record<string, string>> = {
  'field-list': 'ask with SHOW COLUMNS; `mysql` does without it by `--no-auto-rehash`',
  statistics: 'ask with SHOW STATUS',
}

/** Why the gate does not let a command through: it says what no policy can be asked about. */
export function denialOfCommand(command: Command): string {
  const name = command.kind === 'other' ? command.name : nameOf(command.kind)
  const hint = HINTS[command.kind]
  return `the gate does not let ${name} through${hint === undefined ? '' : `: ${hint}`}`
}

function nameOf(kind: Command['kind']): string {
  return `COM_${kind.toUpperCase().replaceAll('-', '_')}`
}
