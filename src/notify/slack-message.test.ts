import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../test/harness/any-character.ts'
import { slackMessage } from './slack-message.ts'
import { checkBlocks } from './slack-stand-in.fixture.ts'
import { code, codeBlock, cut } from './slack-text.ts'
import { NOW_MS, requestOf } from './testing.ts'

const LINK = 'https://gate.example.com/r/1'

const text = (request = requestOf()): string => {
  const message = slackMessage(request, LINK)
  checkBlocks(message.blocks as never)
  return JSON.stringify(message)
}

/** The text of every mrkdwn object, as Slack would parse it. */
function markup(request = requestOf()): string {
  const parts: string[] = []
  JSON.stringify(slackMessage(request, LINK), (_key, value: unknown) => {
    if (typeof value === 'object' && value !== null && 'type' in value && value.type === 'mrkdwn') {
      parts.push((value as unknown as { text: string }).text)
    }
    return value
  })
  return parts.join('\n')
}

test('a request is shown with who, what, why and what would come of it, and can be answered', () => {
  const shown = text(requestOf({ reason: 'the disk is full' }))
  for (const part of [
    'agent-7',
    'runners',
    'dana@example.com',
    'arn:aws:iam::111122223333:role/agent',
    'aws ec2 terminate-instances --instance-ids i-1',
    'Name=db-primary',
    'Careful in agent.json',
    'machines do not come back',
    'group/on-call',
    'once within 15 min',
    'the disk is full',
    'sallyport.approve',
    'sallyport.deny',
    LINK,
  ]) {
    assert.ok(shown.includes(part), part)
  }
  assert.doesNotMatch(shown, /parameters-stay-here/)
})

test('what has ended, or broke the glass, has no buttons', () => {
  for (const state of ['approved', 'denied', 'expired', 'spent', 'revoked'] as const) {
    assert.doesNotMatch(text(requestOf({ state })), /sallyport\.approve/)
  }
  assert.doesNotMatch(text(requestOf({ brokeGlass: true })), /sallyport\.approve/)
  const ended = { by: 'okta/ada', name: 'Ada', atMs: NOW_MS, reason: 'not on a Friday' }
  assert.match(text(requestOf({ state: 'denied', ended })), /Denied by `Ada`: `not on a Friday`/)
})

test('what cannot be shown in full can be denied here, and not approved', () => {
  const withLine = (commandLine: string) => requestOf({ call: { ...requestOf().call!, commandLine } })
  for (const line of ['x'.repeat(2_995), '&'.repeat(600), 'hidden \u202e text', 'bell \u0007']) {
    assert.doesNotMatch(text(withLine(line)), /sallyport\.approve/)
    assert.match(text(withLine(line)), /sallyport\.deny/)
  }
  assert.match(text(withLine('x'.repeat(2_994))), /sallyport\.approve/)
})

test('standing access is shown as such', () => {
  const { call: _call, ...rest } = requestOf()
  const shown = text({ ...rest, kind: 'scope', scope: { actions: ['ec2:*'], resources: ['*'] } })
  assert.match(shown, /Request for standing access/)
  assert.match(shown, /actions 'ec2:\*' on '\*'/)
})

const hostile = fc.oneof(
  fc.string({ unit: ANY_CHARACTER, maxLength: 4_000 }),
  fc
    .array(
      fc.constantFrom(
        '<',
        '>',
        '&',
        '`',
        '```',
        '\n',
        '<!channel>',
        '<@U1>',
        '*',
        '_',
        '\u202e',
        '😀',
        '\ud800',
      ),
      {
        maxLength: 1_500,
      },
    )
    .map(parts => parts.join('')),
)

test('nothing that a requester writes makes a link, a mention or a line, or goes beyond a limit', () => {
  fc.assert(
    fc.property(hostile, fc.array(hostile, { maxLength: 12 }), (one, many) => {
      const base = requestOf()
      const request = requestOf({
        reason: one,
        requester: {
          ...base.requester,
          subject: one,
          issuer: one,
          sourceIdentity: one,
          roleArn: one,
          actingFor: many,
        },
        call: {
          ...base.call!,
          commandLine: one,
          service: one,
          resources: many.map(resource => ({ resource, facts: { [one]: resource } })),
        },
        demands: many.map(name => ({
          ...base.demands[0]!,
          from: [one],
          statement: { policy: one, statement: name, effect: 'RequireApproval' as const, reason: one },
        })),
        approvals: many.map(name => ({ by: one, name, atMs: NOW_MS, demands: [0], comment: one })),
      })
      checkBlocks(slackMessage(request, LINK).blocks as never)
      const links = markup(request).match(/<[^>]*>/g) ?? []
      for (const link of links) assert.match(link, /^<(!date\^\d+\^|https:\/\/gate\.example\.com\/r\/1\|)/)
    }),
    { numRuns: 150 },
  )
})

test('code ends where it should: what is in it has no backtick of its own, and its ends stay', () => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 20, max: 400 }), (value, longest) => {
      const inline = code(value, longest)
      assert.match(inline, /^`[^`\n]+`$/u)
      assert.ok(inline.length <= longest)
      assert.doesNotMatch(codeBlock(value).slice(3, -3), /``/)
    }),
  )
})

test('text is cut between characters, as late as can be', () => {
  assert.equal(cut('abcdef', 6), 'abcdef')
  assert.equal(cut('abcdefg', 6), 'abcde…')
  assert.equal(cut('😀😀😀', 4), '😀…')
  assert.equal(cut('', 4), '')
})
