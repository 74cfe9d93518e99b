import { type Logger, pino } from 'pino'
import type { LogLevel } from '../config/model.ts'

/** The operator's log: JSON lines on standard error. Nothing secret is ever given to it. */
export type Log = Logger

export function createLog(level: LogLevel, fields: Readonly<Record<string, unknown>> = {}): Log {
  return pino({ level, base: { ...fields } }, pino.destination({ dest: 2, sync: true }))
}
