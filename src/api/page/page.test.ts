import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { CANARY, http, makeWorld, serve, TOKENS, type World } from '../world.fixture.ts'
import { type FakePage, type Fetched, openPage } from './dom.fixture.ts'
import { PAGE_HTML } from './html.ts'
import { PAGE_SCRIPT } from './script.ts'

/** The page of a request in a fake browser, over the real control API. Waiting calls are never answered. */
async function opened(context: TestContext, world: World, id: string): Promise<FakePage> {
  const { send } = await serve(world.ports, context)
  return openPage(id, async ({ method, target, headers, body }: Fetched) => {
    if (target.includes('wait=')) return new Promise(() => undefined)
    return send(http(method, target, Object.entries(headers), body))
  })
}

async function signIn(page: FakePage, token: string): Promise<void> {
  page.at('token').value = token
  await page.at('sign-in').dispatch('submit')
}

test('the page is the same for every number, and knows nothing of any', async context => {
  const world = makeWorld()
  const { send } = await serve(world.ports, context)
  const { id } = await world.asked()
  const there = await send(http('GET', `/r/${id}`))
  const missing = await send(http('GET', `/r/${'0'.repeat(26)}`))
  assert.equal(there.status, 200)
  assert.equal(there.body, missing.body)
  for (const path of [`/r/${id}`, '/r/page.js', '/r/page.css']) {
    const { body } = await send(http('GET', path))
    assert.ok(!body.includes(CANARY) && !body.includes(id))
  }
  assert.equal(world.events.length, 1, 'nobody was shown anything')
})

test('the headers keep the page to itself', async context => {
  const { send } = await serve(makeWorld().ports, context)
  const { headers } = await send(http('GET', `/r/${'0'.repeat(26)}`))
  const policy = headers['content-security-policy'] ?? ''
  for (const part of [
    "default-src 'none'",
    "script-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]) {
    assert.ok(policy.includes(part), part)
  }
  assert.doesNotMatch(policy, /unsafe|\*|data:|http/)
  assert.equal(headers['referrer-policy'], 'no-referrer')
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  const script = await send(http('GET', '/r/page.js'))
  assert.equal(script.headers['content-type'], 'text/javascript; charset=utf-8')
})

test('nothing in the page is inline, and the script makes no markup and keeps no token', () => {
  assert.doesNotMatch(PAGE_HTML, /<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=|javascript:/i)
  assert.doesNotMatch(
    PAGE_SCRIPT,
    /innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function\(|srcdoc|createContextualFragment|setAttribute/,
  )
  assert.doesNotMatch(
    PAGE_SCRIPT,
    /localStorage|sessionStorage|cookie|indexedDB|history\.|window\.name|console/,
  )
})

test('every label has its field, and every field its label', () => {
  const labels = [...PAGE_HTML.matchAll(/<label for="([a-z-]+)"/g)].map(([, name]) => name)
  const fields = [...PAGE_HTML.matchAll(/<input id="([a-z-]+)"/g)].map(([, name]) => name)
  assert.deepEqual(labels, fields)
})

test('before a token the page asks nothing; with one it shows the request, as text', async context => {
  const world = makeWorld()
  const { id } = await world.asked()
  const page = await opened(context, world, id)
  assert.equal(page.fetched.length, 0)
  assert.ok(!page.text().includes(CANARY))
  await signIn(page, TOKENS.ann())
  assert.equal(page.at('token').value, '')
  assert.equal(page.at('request').hidden, false)
  assert.match(page.at('command').textContent, new RegExp(`^aws ec2 terminate-instances .*${CANARY}`))
  assert.match(page.at('facts').textContent, /group\/on-call: 0 of 1 approved/)
  assert.equal(page.at('approve').hidden, false)
  assert.deepEqual([page.at('uses').value, page.at('minutes').value], ['3', '15'])
  assert.equal(world.events.at(-1)?.what, 'shown')
})

test('an approver gives less than was asked for', async context => {
  const world = makeWorld()
  const { id } = await world.asked()
  const page = await opened(context, world, id)
  await signIn(page, TOKENS.ann())
  page.at('uses').value = '1'
  page.at('comment').value = 'only this one'
  await page.at('approve').dispatch('submit')
  const { grant, approvals } = (await world.store.get(id)) ?? {}
  assert.equal(grant?.uses, 1)
  assert.deepEqual([approvals?.[0]?.comment, approvals?.[0]?.validForMs], ['only this one', undefined])
  assert.equal(page.at('state').textContent, 'approved')
  assert.equal(page.at('approve').hidden, true)
  assert.equal(page.at('revoke').hidden, false)
})

test('a denial and a revocation carry their reasons', async context => {
  const world = makeWorld()
  const denied = await world.asked()
  const page = await opened(context, world, denied.id)
  await signIn(page, TOKENS.ann())
  page.at('deny-reason').value = 'not today'
  await page.at('deny').dispatch('submit')
  assert.equal((await world.store.get(denied.id))?.ended?.reason, 'not today')
  const { id } = await world.asked()
  const own = await opened(context, world, id)
  await signIn(own, TOKENS.ci())
  assert.equal(own.at('approve').hidden, true)
  assert.equal(own.at('revoke-title').textContent, 'Take back')
  own.at('revoke-reason').value = 'done by hand'
  await own.at('revoke').dispatch('submit')
  assert.equal((await world.store.get(id))?.state, 'revoked')
})

test('who may not see it is told so, and a wrong token is forgotten', async context => {
  const world = makeWorld()
  const { id } = await world.asked()
  const page = await opened(context, world, id)
  await signIn(page, TOKENS.eve())
  assert.match(page.at('trouble').textContent, /there is no access request/)
  await signIn(page, TOKENS.forged())
  assert.match(page.at('trouble').textContent, /signature does not verify/)
  assert.ok(!page.text().includes(CANARY))
})

test('leaving the page forgets what it showed', async context => {
  const world = makeWorld()
  const { id } = await world.asked()
  const page = await opened(context, world, id)
  await signIn(page, TOKENS.ann())
  page.leave()
  assert.ok(!page.text().includes(CANARY))
  await page.at('approve').dispatch('submit')
  assert.equal((await world.store.get(id))?.state, 'pending')
})

test('characters that hide or turn around are spelt out', async context => {
  const world = makeWorld()
  const { id } = await world.asked(['group/on-call'], {}, { subject: 'repo:\u202eevil\u200b\u0007<b>x</b>' })
  const page = await opened(context, world, id)
  await signIn(page, TOKENS.ann())
  assert.match(page.at('facts').textContent, /repo:\\u\{202e\}evil\\u\{200b\}\\u\{7\}<b>x<\/b>/)
})
