import { printable } from '../../record/shell.ts'
import { count, dateTime } from '../sessions/format.ts'
import type { ReviewReport } from './report.ts'
import { type Section, sectionsOf, strangers, summaryOf } from './sections.ts'

const STYLE = `
:root { color-scheme: light dark; --line: #d0d7de; --dim: #57606a; --warn: #9a6700 }
@media (prefers-color-scheme: dark) { :root { --line: #30363d; --dim: #8b949e; --warn: #d29922 } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.5rem; border-bottom: 1px solid var(--line) }
h3 { font-size: 1rem; margin: 1.5rem 0 0 } h3.alarming { color: var(--warn) }
p { margin: .25rem 0 } .note { color: var(--dim) }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: .9rem }
th, td { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere }
@media print { :root { color-scheme: light } body { max-width: none; margin: 0 } h2 { break-after: avoid }
  tr { break-inside: avoid } }
`

/**
 * A review as one page that needs nothing else: no script, no picture, no network (its own policy forbids
 * them). Whatever clients sent is escaped.
 */
export function reviewHtml(report: ReviewReport, madeMs: number): string {
  const span = `${dateTime(report.span.sinceMs)} to ${dateTime(report.span.untilMs)} (UTC)`
  const roles = report.roles.map(role => part(role.roleArn, summaryOf(role), sectionsOf(role)))
  const others =
    report.unidentified.calls === 0
      ? []
      : [part('Nobody that the gate knows', [count(report.unidentified.calls, 'call')], strangers(report))]
  const beyond =
    report.beyond === 0
      ? ''
      : `<p>${report.beyond} events whose role is not known, or of too many roles, are not in it.</p>\n`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Review of ${escaped(span)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Review of ${escaped(span)}</h1>
<p class="note">Compared with the span of equal length before it, from ${escaped(dateTime(report.before.sinceMs))}.
Made ${escaped(dateTime(madeMs))} (UTC) by Sallyport from its journal.</p>
${beyond}${[...roles, ...others].join('\n')}
</body>
</html>
`
}

function part(title: string, summary: readonly string[], sections: readonly Section[]): string {
  const paragraphs = summary.map(line => `<p>${escaped(line)}</p>`).join('\n')
  return `<section>\n<h2>${escaped(title)}</h2>\n${paragraphs}\n${sections.map(sectionHtml).join('\n')}\n</section>`
}

function sectionHtml({ title, note, headings, rows, more, alarming }: Section): string {
  const heads = headings.map(heading => `<th scope="col">${escaped(heading)}</th>`).join('')
  const body = rows.map(row => `<tr>${row.map(cell => `<td>${escaped(cell)}</td>`).join('')}</tr>`)
  return [
    `<h3${alarming === true ? ' class="alarming"' : ''}>${escaped(title)}</h3>`,
    ...(note === '' ? [] : [`<p class="note">${escaped(note)}</p>`]),
    `<table>\n<thead><tr>${heads}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody>\n</table>`,
    ...(more === 0 ? [] : [`<p class="note">and ${more} more</p>`]),
  ].join('\n')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as it may stand anywhere in the page; what would hide or turn the text around is written out. */
export function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, character => ENTITIES[character] ?? '')
}
