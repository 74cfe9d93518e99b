import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks of `/proc/PID/stat` in a second: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** Seconds of processor that a process and its children have used, system time included. */
export function cpuSeconds(pid: number): number {
  return family(pid).reduce((sum, member) => sum + ticks(member), 0) / TICKS_PER_SECOND
}

/** Highest resident set since its start of a process and its children together, MiB. */
export function peakMib(pid: number): number {
  const kib = family(pid).map(member => {
    const status = readFileSync(`/proc/${member}/status`, 'utf8')
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0)
  })
  return Math.round(kib.reduce((sum, each) => sum + each, 0) / 1024)
}

/** Resident set at this moment, MiB. */
export function residentMib(pid: number): number {
  const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kib ?? 0) / 1024)
}

function ticks(pid: number): number {
  // The name of the command, in parentheses, may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
}

function family(pid: number): number[] {
  const members = [pid]
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
    for (const child of children.split(' ')) if (child !== '') members.push(...family(Number(child)))
  }
  return members
}
