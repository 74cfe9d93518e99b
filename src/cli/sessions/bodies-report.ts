import type { BlobsReport } from '../../record/blobs/verify.ts'
import { printable } from '../../record/shell.ts'
import { count, size } from './format.ts'
import type { Paint } from './paint.ts'

/** What `sessions verify --bodies` found, as lines for people. */
export function bodiesText(report: BlobsReport, colors: Paint): string {
  const { bodies, bytes, removed, shredded, sealed, faulty, faults } = report
  const lines = faults.map(({ blob, decisionId, code, reason }) => {
    return `${colors.bad(code)}  ${printable(blob)}, of ${printable(decisionId)}: ${printable(reason)}`
  })
  if (faulty > faults.length) lines.push(`and ${count(faulty - faults.length, 'body', 'bodies')} more`)
  const more = [
    ...(removed === 0 ? [] : [`${removed} went with their segments`]),
    ...(shredded === 0 ? [] : [`${shredded} shredded`]),
    ...(sealed === 0 ? [] : [colors.warn(`${sealed} sealed, and not looked into: no key was given`)]),
  ]
  const all = `${count(bodies, 'body', 'bodies')} as recorded, ${size(bytes)}`
  const answer =
    faulty === 0
      ? colors.good('the bodies are whole')
      : colors.bad(`${count(faulty, 'body is', 'bodies are')} not what was recorded`)
  return `${[...lines, `${answer}: ${[all, ...more].join('; ')}`].join('\n')}\n`
}
