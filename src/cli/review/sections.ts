import type { Done } from '../../record/review/compare.ts'
import { CALLS_FOR_USUAL_HOURS } from '../../record/review/compare.ts'
import { count, dateTime } from '../sessions/format.ts'
import type { Few, GroupedDenial, ReviewReport, RoleReview, Unused } from './report.ts'

/** A part of a review as a table, for text and HTML alike. Cells hold what clients sent, as it is. */
export interface Section {
  readonly title: string
  /** What the table shows and how it came about. */
  readonly note: string
  readonly headings: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** Rows that are not shown. */
  readonly more: number
  /** Whether somebody should look at it. */
  readonly alarming?: boolean
}

/** A role's part of the review. Sections without a row are left out. */
export function sectionsOf(role: RoleReview): readonly Section[] {
  const sections = [
    destructive(role),
    outsideHours(role),
    again(role.deniedAgain),
    ...fresh(role),
    neverUsed(role),
    partlyUsed(role),
    approvals(role),
    masks(role),
  ]
  return sections.filter(section => section.rows.length > 0)
}

/** `12 calls: 10 allowed, 2 denied, 1 failed`, and what limits the review. */
export function summaryOf(role: RoleReview): readonly string[] {
  const { calls, allowed, denied, failed, hours } = role
  const lines = [
    `${count(calls, 'call')}: ${allowed} allowed, ${denied} denied; ${failed} of the allowed failed`,
  ]
  if (!role.configured) lines.push('the configuration has no such role: what it was allowed is not known')
  if (calls > 0 && hours.usual === undefined) {
    lines.push(`fewer than ${CALLS_FOR_USUAL_HOURS} calls in the span before: its usual hours are not known`)
  }
  for (const { kind, most, count: calls } of role.limits) {
    lines.push(`only ${most} ${kind} are told apart; others were met ${calls} times and are not listed`)
  }
  for (const { kind, most } of role.limitsBefore) {
    lines.push(`only ${most} ${kind} of the span before are known: some that are listed as new may not be`)
  }
  return lines
}

/** What came from nobody that the gate knew. */
export function strangers({ unidentified }: ReviewReport): readonly Section[] {
  return [
    again(unidentified.denials),
    {
      title: 'Addresses that it came from',
      note: '',
      headings: ['Address', 'Calls', 'First'],
      rows: unidentified.addresses.first.map(doneRow),
      more: left(unidentified.addresses),
    },
  ].filter(section => section.rows.length > 0)
}

function destructive({ destructive: found }: RoleReview): Section {
  return {
    title: 'Destructive calls for the first time',
    note: 'Actions that delete, stop or take away by their name and were not called in the span before.',
    headings: ['Action', 'Calls', 'First', 'Access level'],
    rows: found.first.map(done => [...doneRow(done), done.level ?? 'not known']),
    more: left(found),
    alarming: true,
  }
}

function outsideHours({ hours }: RoleReview): Section {
  const usual = (hours.usual ?? []).map(hour => String(hour)).join(', ')
  return {
    title: 'Outside its usual hours',
    note: `Its usual hours are those in which it made any call in the span before (UTC): ${usual}.`,
    headings: ['Hour', 'Calls'],
    rows: hours.outside.map(({ hour, calls }) => [`${String(hour).padStart(2, '0')}:00`, String(calls)]),
    more: 0,
    alarming: true,
  }
}

function again(found: Few<GroupedDenial>): Section {
  return {
    title: 'Denied',
    note: 'By action, kind and statements; the first event of each can be looked up with `sessions show`.',
    headings: ['Action', 'Calls', 'First', 'Why', 'Event'],
    rows: found.first.map(({ action, count, firstMs, kind, code, statements, reason, event }) => [
      action,
      String(count),
      dateTime(firstMs),
      `${[code ?? kind, ...statements].join(', ')}: ${reason}`,
      event,
    ]),
    more: left(found),
  }
}

function fresh({ fresh: { actions, resources, addresses } }: RoleReview): readonly Section[] {
  const section = (what: string, found: Few<Done>): Section => ({
    title: `New ${what}`,
    note: 'Not met in the span before.',
    headings: [what, 'Calls', 'First'],
    rows: found.first.map(doneRow),
    more: left(found),
  })
  return [section('actions', actions), section('resources', resources), section('addresses', addresses)]
}

function neverUsed({ neverUsed: unused }: RoleReview): Section {
  return {
    title: 'Allowed and never used',
    note: 'Statements that decided no call of the span. What nobody uses can be taken away.',
    headings: ['Statement', 'Policy', 'Effect', 'Actions'],
    rows: unused.map(each => [each.statement, each.policy, each.effect, actionsOf(each)]),
    more: 0,
  }
}

function partlyUsed({ partlyUsed: unused }: RoleReview): Section {
  return {
    title: 'Allowed and used in part',
    note: 'Statements that decided calls, and how many of the actions that they allow the role called.',
    headings: ['Statement', 'Policy', 'Calls', 'Used', 'Not used'],
    rows: unused.map(each => [
      each.statement,
      each.policy,
      String(each.calls),
      each.usedActions.join(', '),
      actionsOf(each),
    ]),
    more: 0,
  }
}

const SHOWN_ACTIONS = 5

function actionsOf({ unusedActions: { first, count } }: Unused): string {
  const shown = first.slice(0, SHOWN_ACTIONS)
  return [...shown, ...(count > shown.length ? [`and ${count - shown.length} more`] : [])].join(', ')
}

function approvals({ approvals: counts }: RoleReview): Section {
  return {
    title: 'Approvals',
    note: 'What happened to its access requests.',
    headings: ['What', 'Times'],
    rows: Object.entries(counts).map(([what, times]) => [what, String(times)]),
    more: 0,
    alarming: counts['broke-glass'] !== undefined,
  }
}

function masks({ masks: { calls, values, places } }: RoleReview): Section {
  return {
    title: 'Masks',
    note: `${count(values, 'value')} in the replies of ${count(calls, 'call')} were masked.`,
    headings: ['Place', 'Calls', 'First'],
    rows: places.first.map(doneRow),
    more: left(places),
  }
}

function doneRow({ name, count, firstMs }: Done): readonly string[] {
  return [name, String(count), dateTime(firstMs)]
}

function left(found: Few<unknown>): number {
  return found.count - found.first.length
}
