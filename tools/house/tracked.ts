import type { Finding } from './finding.ts'

/** A file of the repository that is text. */
export interface Tracked {
  readonly path: string
  readonly text: string
}

/** What a checkout on another machine would trip over. Written in parts, so that this file passes itself. */
const FOREIGN: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  { pattern: new RegExp(`${'(?<![\\w.$}/-])/wo'}rk/`), what: 'a path of one machine' },
  { pattern: new RegExp(`${'(?<![\\w.$}/-])/ro'}ot/`), what: 'a path of one machine' },
  { pattern: new RegExp(`${'(?<![\\w.$}/-])/ho'}me/[a-z]+/`), what: 'a path of one machine' },
  {
    pattern: new RegExp(`registry\\.${'npmjs'}\\.org|artifacto${'ry'}|npm\\.pkg\\.git${'hub'}`),
    what: "a registry's host",
  },
]

/** No tracked file names a path of one machine or the host of a registry. */
export function checkTracked(files: readonly Tracked[]): Finding[] {
  const findings: Finding[] = []
  for (const { path, text } of files) {
    for (const [i, line] of text.split('\n').entries()) {
      const found = FOREIGN.find(({ pattern }) => pattern.test(line))
      if (found) findings.push({ file: path, line: i + 1, message: `names ${found.what}` })
    }
  }
  return findings
}

/** Folders from which nothing is ever removed, and how many files each had. */
export type Floors = Readonly<Record<string, number>>

/** No corpus has fewer files than it once had, and the floor is kept up with it. */
export function checkFloors(floors: Floors, count: (folder: string) => number): Finding[] {
  return Object.entries(floors).flatMap(([folder, floor]) => {
    const found = count(folder)
    if (found < floor)
      return [{ file: folder, message: `has ${found} files and had ${floor}: a corpus never shrinks` }]
    return []
  })
}
