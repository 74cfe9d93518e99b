/** A stand-in for Slack: its Web API, its response addresses, and clicks signed as Slack signs them. */

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type Received, type Receiver, receiver } from './testing.ts'

export const TOKEN = 'xoxb-1-stand-in'
export const SIGNING_SECRET = '8f742231b10e8888abcd99yyyzzz85a5'

interface Block {
  readonly type: string
  readonly text?: { readonly type: string; readonly text: string; readonly verbatim?: boolean }
  readonly elements?: readonly {
    readonly action_id?: string
    readonly value?: string
    readonly text?: unknown
  }[]
}

export interface ApiCall {
  readonly method: string
  readonly arguments: Readonly<Record<string, string>>
  readonly blocks: readonly Block[]
}

export interface SlackStandIn {
  readonly apiUrl: string
  readonly calls: ApiCall[]
  /** What was sent to response addresses. */
  readonly answers: Readonly<Record<string, unknown>>[]
  /** Overrides the answer to the next calls of the Web API. */
  answer: ((call: ApiCall, response: ServerResponse) => void) | undefined
  readonly responseUrl: string
  close(): Promise<void>
}

export async function slackStandIn(): Promise<SlackStandIn> {
  const calls: ApiCall[] = []
  const answers: Readonly<Record<string, unknown>>[] = []
  let posted = 0
  const server: Receiver = await receiver((received, response) => {
    if (received.path.startsWith('/response/')) {
      answers.push(JSON.parse(received.body) as Record<string, unknown>)
      response.end('ok')
      return
    }
    const call = apiCall(received)
    calls.push(call)
    if (standIn.answer !== undefined) {
      standIn.answer(call, response)
      return
    }
    if (received.headers.authorization !== `Bearer ${TOKEN}`)
      return json(response, { ok: false, error: 'invalid_auth' })
    posted++
    return json(response, {
      ok: true,
      channel: call.arguments['channel'],
      ts: `1700000000.${String(posted).padStart(6, '0')}`,
    })
  })
  const standIn: SlackStandIn = {
    apiUrl: `${server.origin}/api/`,
    calls,
    answers,
    answer: undefined,
    responseUrl: `${server.origin}/response/1`,
    close: () => server.close(),
  }
  return standIn
}

export function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Reads a call as Slack does, and holds it to Slack's limits. */
function apiCall({ path, headers, body, method }: Received): ApiCall {
  assert.equal(method, 'POST')
  assert.match(headers['content-type'] ?? '', /^application\/x-www-form-urlencoded/)
  const form = Object.fromEntries(new URLSearchParams(body))
  const blocks = form['blocks'] === undefined ? [] : (JSON.parse(form['blocks']) as Block[])
  checkBlocks(blocks)
  return { method: path.replace('/api/', ''), arguments: form, blocks }
}

/** https://docs.slack.dev/reference/block-kit/blocks */
export function checkBlocks(blocks: readonly Block[]): void {
  assert.ok(blocks.length <= 50)
  for (const block of blocks) {
    if (block.type === 'header') assert.ok((block.text?.text.length ?? 0) <= 150)
    if (block.type === 'section') {
      assert.ok((block.text?.text.length ?? 0) <= 3_000, String(block.text?.text.length))
      assert.ok((block.text?.text.length ?? 0) >= 1)
      assert.equal(block.text?.verbatim, true)
    }
    if (block.type === 'actions')
      for (const { value } of block.elements ?? []) assert.ok((value?.length ?? 0) <= 2_000)
  }
}

/** What Slack sends for it, signed. */
export function signed(
  payload: object | string,
  nowMs: number,
  secret: string = SIGNING_SECRET,
): { headers: Record<string, string>; body: Buffer } {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
  const body = Buffer.from(new URLSearchParams({ payload: text }).toString())
  const timestamp = String(Math.floor(nowMs / 1000))
  const signature = createHmac('sha256', secret)
    .update(`v0:${timestamp}:${body.toString('utf8')}`)
    .digest('hex')
  return {
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': `v0=${signature}`,
    },
    body,
  }
}
