import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { readTrailFile } from '../../record/reconcile/trail-file.ts'
import { lookupTrail, PAGE_EVERY_MS } from './lookup.ts'

/** As much of CloudTrail as a look-up needs: answers in order, each with its status. */
let server: Server
let endpoint = ''
let answers: { status: number; body: object }[] = []
const asked: Record<string, unknown>[] = []

before(async () => {
  process.env['AWS_ACCESS_KEY_ID'] = 'AKIDEXAMPLE'
  process.env['AWS_SECRET_ACCESS_KEY'] = 'secret'
  server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    asked.push(JSON.parse(Buffer.concat(pieces).toString()))
    const { status, body } = answers.shift() ?? { status: 500, body: {} }
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  asked.length = 0
})

function page(ids: readonly string[], next?: string): { status: number; body: object } {
  const record = (eventID: string): string =>
    JSON.stringify({ eventID, eventTime: '2026-01-02T03:04:05Z', userIdentity: { type: 'AssumedRole' } })
  const Events = ids.map(id => ({ EventId: id, CloudTrailEvent: record(id) }))
  return { status: 200, body: { Events, ...(next === undefined ? {} : { NextToken: next }) } }
}

async function look(pauses: number[] = []): Promise<string[]> {
  const found: string[] = []
  const span = { sinceMs: 1_700_000_000_100, untilMs: 1_700_000_900_900 }
  const place = { region: 'eu-west-1', endpoint }
  const file = lookupTrail(place, span, async delayMs => void pauses.push(delayMs))
  for await (const { eventId } of readTrailFile(file)) found.push(eventId)
  return found
}

test('page after page, no faster than AWS allows, of the whole span', async () => {
  answers = [page(['a', 'b'], 't1'), page([], 't2'), page(['c'])]
  const pauses: number[] = []
  assert.deepEqual(await look(pauses), ['a', 'b', 'c'])
  assert.deepEqual(pauses, [PAGE_EVERY_MS, PAGE_EVERY_MS])
  assert.deepEqual(
    asked.map(({ NextToken }) => NextToken),
    [undefined, 't1', 't2'],
  )
  const { StartTime, EndTime, MaxResults } = asked[0] ?? {}
  assert.deepEqual([StartTime, EndTime, MaxResults], [1_700_000_000, 1_700_000_901, 50])
})

test('what is throttled is asked again', async () => {
  answers = [{ status: 400, body: { __type: 'ThrottlingException' } }, page(['a'])]
  assert.deepEqual(await look(), ['a'])
})

test('what AWS refuses ends it, by name', async () => {
  answers = [{ status: 400, body: { __type: 'AccessDeniedException', message: 'hush' } }]
  await assert.rejects(look(), {
    code: 'trail-unavailable',
    message: 'CloudTrail in eu-west-1 could not be asked: it failed with `AccessDeniedException`',
  })
})

test('pages that go round in a circle end it', async () => {
  answers = [page(['a'], 't1'), page(['a'], 't1')]
  await assert.rejects(look(), /it gave the same page again/)
})

test('no event, no page: an empty history', async () => {
  answers = [page([])]
  assert.deepEqual(await look(), [])
})
