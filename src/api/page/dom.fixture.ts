/** As much of a browser as the page's script touches. Text stays text here: there is no markup to make. */

import { createContext, Script } from 'node:vm'
import { PAGE_HTML } from './html.ts'
import { PAGE_SCRIPT } from './script.ts'

export class FakeElement {
  readonly tag: string
  hidden = false
  disabled = false
  value = ''
  max = ''
  children: FakeElement[] = []
  #text = ''
  readonly #listeners = new Map<string, (event: object) => unknown>()
  readonly #button: FakeElement | undefined

  constructor(tag: string) {
    this.tag = tag
    this.#button = tag === 'form' ? new FakeElement('button') : undefined
  }

  get textContent(): string {
    return this.#text + this.children.map(child => child.textContent).join('\n')
  }

  set textContent(text: string) {
    this.#text = String(text)
    this.children = []
  }

  append(...children: FakeElement[]): void {
    this.children.push(...children)
  }

  replaceChildren(): void {
    this.textContent = ''
  }

  querySelector(): FakeElement | undefined {
    return this.#button
  }

  addEventListener(name: string, run: (event: object) => unknown): void {
    this.#listeners.set(name, run)
  }

  focus(): void {
    // Where the focus is, no test asks.
  }

  async dispatch(name: string): Promise<void> {
    await this.#listeners.get(name)?.({ preventDefault: () => undefined })
  }
}

/** What the page fetched, and how the test answers it. */
export interface Fetched {
  readonly target: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface FakePage {
  at(id: string): FakeElement
  readonly fetched: Fetched[]
  /** All text that is in the page now. */
  text(): string
  leave(): void
}

type AnswerFor = (fetched: Fetched) => Promise<{ readonly status: number; readonly body: string }>

/** Opens the page of a request. */
export function openPage(id: string, answer: AnswerFor): FakePage {
  const elements = new Map<string, FakeElement>()
  for (const [, tag = '', name = ''] of PAGE_HTML.matchAll(/<([a-z0-9]+) id="([a-z-]+)"/g)) {
    elements.set(name, new FakeElement(tag))
  }
  const at = (name: string): FakeElement => {
    const element = elements.get(name)
    if (element === undefined) throw new Error(`the page has no \`${name}\``)
    return element
  }
  const fetched: Fetched[] = []
  const leaving: (() => void)[] = []
  const browser = {
    location: { pathname: `/r/${id}` },
    document: { getElementById: at, createElement: (tag: string) => new FakeElement(tag) },
    addEventListener: (_: string, run: () => void) => void leaving.push(run),
    // Nothing that is put off happens in a test.
    setTimeout: () => 0,
    fetch: async (target: string, how: Omit<Fetched, 'target'>) => {
      const one = { ...how, target }
      fetched.push(one)
      const { status, body } = await answer(one)
      return { ok: status < 300, status, json: async () => JSON.parse(body) }
    },
  }
  new Script(PAGE_SCRIPT).runInContext(createContext(browser))
  return {
    at,
    fetched,
    text: () => [...elements.values()].map(element => element.textContent).join('\n'),
    leave: () => {
      for (const run of leaving) run()
    },
  }
}
