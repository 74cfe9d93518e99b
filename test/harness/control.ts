import type { RequestListReply, RequestView } from '../../src/contract/approvals.ts'
import type { RunningGate } from './gate.ts'

/** The control API of a gate, as the holder of one token. */
export class ControlClient {
  readonly #gate: RunningGate
  readonly #token: string

  constructor(gate: RunningGate, token: string) {
    this.#gate = gate
    this.#token = token
  }

  async call(method: 'GET' | 'POST', path: string, body?: object): Promise<{ status: number; body: never }> {
    const reply = await fetch(`${this.#gate.admin}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    return { status: reply.status, body: (await reply.json()) as never }
  }

  /** The requests that wait; waits for the first one itself. */
  async pending(): Promise<readonly RequestView[]> {
    return await this.#once(requests => (requests.length > 0 ? requests : undefined))
  }

  /** The first pending request of which this holds; waits until there is one. */
  async asked(wanted: (request: RequestView) => boolean): Promise<RequestView> {
    return await this.#once(requests => requests.find(wanted))
  }

  /** What is found among the pending requests, once it is there. */
  async #once<T>(find: (requests: readonly RequestView[]) => T | undefined): Promise<T> {
    let since = ''
    for (;;) {
      const query = since === '' ? '' : `&wait=20&since=${encodeURIComponent(since)}`
      const { status, body } = await this.call('GET', `/v1/requests?state=pending${query}`)
      if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`)
      const list: RequestListReply = body
      const found = find(list.requests)
      if (found !== undefined) return found
      since = list.cursor
    }
  }

  async get(id: string): Promise<RequestView> {
    return (await this.call('GET', `/v1/requests/${id}`)).body
  }

  approve(id: string, narrowing: object = {}): Promise<{ status: number; body: never }> {
    return this.call('POST', `/v1/requests/${id}/approve`, narrowing)
  }

  deny(id: string, reason: string): Promise<{ status: number; body: never }> {
    return this.call('POST', `/v1/requests/${id}/deny`, { reason })
  }
}
