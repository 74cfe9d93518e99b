import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AccessRequest } from '../grants/model.ts'
import type { Delivery } from '../grants/port.ts'
import { DELIVER_MS, LANE_QUEUE, LANE_WIDTH } from './lane.ts'
import { DeliveryFailure, type Notifier } from './port.ts'
import { DeliveryPump, LEASE_MS, POLL_MS, TROUBLE_MS } from './pump.ts'
import { RETRY_DELAYS_MS } from './schedule.ts'
import { deliveryOf, eventOf, ManualTimers, MemoryDeliveries, REQUEST_ID, settle } from './testing.ts'

/** No jitter. */
const random = { bytes: (length: number) => Buffer.alloc(length) }
const DAY_MS = 86_400_000

type Deliver = (delivery: Delivery, request: AccessRequest, signal: AbortSignal) => Promise<void>

const notifier = (name: string, deliver: Deliver): Notifier => ({ name, deliver })

function bench(notifiers: readonly Notifier[]) {
  const timers = new ManualTimers()
  const store = new MemoryDeliveries()
  const shown: string[] = []
  const notes: string[] = []
  const make = (): DeliveryPump =>
    new DeliveryPump(notifiers, {
      store,
      clock: timers.clock,
      timers,
      random,
      shown: async (id, by) => void shown.push(`${id} ${by}`),
      note: (text, details) => void notes.push(`${text} ${JSON.stringify(details)}`),
    })
  return { timers, store, shown, notes, make, pump: make() }
}

test('what is due is delivered at once, and the request counts as shown', async () => {
  const got: Delivery[] = []
  const { pump, store, shown, timers } = bench([notifier('ops', async delivery => void got.push(delivery))])
  store.add(deliveryOf())
  pump.start()
  await settle()
  assert.equal(store.state('delivery-1'), 'delivered')
  assert.deepEqual(shown, [`${REQUEST_ID} channel/ops`])
  store.add(deliveryOf({ id: 'later', event: eventOf({ id: 'approved', what: 'approved' }) }))
  await timers.advance(POLL_MS)
  assert.equal(store.state('later'), 'delivered')
  assert.equal(shown.length, 1, 'an event that asks nobody shows nothing')
  assert.equal(got.length, 2)
  await pump.stop()
  assert.equal(timers.pending, 0)
})

test('a channel that is down is tried by the schedule, then given up, with a line', async () => {
  const triedAt: number[] = []
  const { pump, store, notes, timers } = bench([
    notifier('ops', async () => {
      triedAt.push(timers.clock.now())
      throw new DeliveryFailure('connection refused')
    }),
  ])
  store.add(deliveryOf())
  pump.start()
  await settle()
  for (const delayMs of RETRY_DELAYS_MS) {
    await timers.leap(delayMs)
    await timers.advance(POLL_MS)
  }
  assert.equal(triedAt.length, RETRY_DELAYS_MS.length + 1)
  for (const [index, delayMs] of RETRY_DELAYS_MS.entries()) {
    const waitedMs = (triedAt[index + 1] ?? 0) - (triedAt[index] ?? 0)
    assert.ok(waitedMs >= delayMs && waitedMs <= delayMs + POLL_MS, `${waitedMs} for ${delayMs}`)
  }
  assert.equal(store.state('delivery-1'), 'given up')
  assert.match(notes.at(-1) ?? '', /^a notification was given up .*connection refused/)
  await pump.stop()
})

test('a channel that hangs holds up no other, and no more than its width', async () => {
  let hanging = 0
  const { pump, store, timers } = bench([
    notifier('slow', () => {
      hanging++
      return new Promise(() => undefined)
    }),
    notifier('ops', async () => undefined),
  ])
  for (let i = 0; i < 3 * LANE_QUEUE; i++) store.add(deliveryOf({ id: `slow-${i}`, channel: 'slow' }))
  for (let i = 0; i < 10; i++) store.add(deliveryOf({ id: `ops-${i}` }))
  pump.start()
  await settle()
  await settle()
  for (let i = 0; i < 10; i++) assert.equal(store.state(`ops-${i}`), 'delivered')
  assert.equal(hanging, LANE_WIDTH)
  await timers.advance(DELIVER_MS)
  assert.match(store.rows.get('slow-0')?.why ?? '', /longer than 15 s/)
  await timers.advance(LEASE_MS)
  assert.ok(hanging > LANE_WIDTH)
  const stopped = pump.stop(1_000)
  await timers.advance(1_000)
  await stopped
  assert.equal(timers.pending, 0)
})

test('no two processes ever have the same delivery under way', async () => {
  const running = new Set<string>()
  let twice = 0
  const { timers, store, make } = bench([
    notifier('ops', (delivery, _request, signal) => {
      if (running.has(delivery.id)) twice++
      running.add(delivery.id)
      signal.addEventListener('abort', () => running.delete(delivery.id))
      return new Promise(() => undefined)
    }),
  ])
  for (let i = 0; i < LANE_QUEUE; i++) store.add(deliveryOf({ id: `d${i}` }))
  const pumps = [make(), make()]
  for (const pump of pumps) pump.start()
  await timers.advance(5 * LEASE_MS)
  assert.equal(twice, 0)
  assert.ok([...store.rows.values()].filter(({ delivery }) => delivery.attempts > 0).length > 4 * LANE_WIDTH)
  const stopped = Promise.all(pumps.map(pump => pump.stop(0)))
  await timers.advance(0)
  await stopped
})

test('`Retry-After` pauses the whole channel, and costs the other deliveries no try', async () => {
  const tries: string[] = []
  const { pump, store, timers } = bench([
    notifier('ops', async delivery => {
      tries.push(delivery.id)
      if (tries.length === 1) throw new DeliveryFailure('slow down', 'again', 40_000)
    }),
  ])
  store.add(deliveryOf())
  pump.start()
  await settle()
  store.add(deliveryOf({ id: 'second' }))
  await timers.advance(39_000)
  assert.deepEqual(tries, ['delivery-1'])
  await timers.advance(2_000)
  assert.deepEqual(tries.toSorted(), ['delivery-1', 'delivery-1', 'second'])
  assert.equal(store.rows.get('second')?.delivery.attempts, 0)
  await pump.stop()
})

test('`gone` silences the channel and gives up what is for it; `never` gives up the one message', async () => {
  let tries = 0
  const answers = [new DeliveryFailure('too long', 'never'), new DeliveryFailure('410', 'gone')]
  const { pump, store, notes, timers } = bench([
    notifier('ops', async () => {
      const answer = answers[tries++]
      if (answer !== undefined) throw answer
    }),
  ])
  for (const id of ['one', 'two', 'three']) {
    store.add(deliveryOf({ id }))
    pump.wake()
    await settle()
  }
  assert.deepEqual(
    [...store.rows.values()].map(row => row.state),
    ['given up', 'given up', 'given up'],
  )
  assert.equal(tries, 2)
  assert.ok(notes.some(note => note.startsWith('the channel wants no notifications')))
  await timers.leap(DAY_MS)
  assert.equal(tries, 2)
  await pump.stop()
})

test('what a process had taken when it died comes to another one after the lease', async () => {
  const delivered: string[] = []
  const { store, timers, make } = bench([notifier('ops', async delivery => void delivered.push(delivery.id))])
  store.add(deliveryOf())
  await store.takeDeliveries(timers.clock.now(), timers.clock.now() + LEASE_MS, 10)
  const other = make()
  other.start()
  await timers.advance(LEASE_MS - POLL_MS)
  assert.deepEqual(delivered, [])
  await timers.advance(2 * POLL_MS)
  assert.deepEqual(delivered, ['delivery-1'])
  await other.stop()
})

test('a stop breaks off what hangs, and leaves it to its lease', async () => {
  let aborted = false
  const { pump, store, timers } = bench([
    notifier('ops', (_delivery, _request, signal) => {
      signal.addEventListener('abort', () => {
        aborted = true
      })
      return new Promise(() => undefined)
    }),
  ])
  store.add(deliveryOf())
  pump.start()
  await settle()
  const stopped = pump.stop(2_000)
  await timers.advance(2_000)
  await stopped
  assert.ok(aborted)
  assert.equal(store.state('delivery-1'), 'due')
  assert.equal(store.rows.get('delivery-1')?.delivery.attempts, 0)
  store.add(deliveryOf({ id: 'after' }))
  pump.wake()
  await timers.leap(DAY_MS)
  assert.equal(store.rows.get('after')?.leaseUntilMs, 0, 'nothing is taken after the stop')
})

test('a message that is out is not sent again because `shown` could not be recorded', async () => {
  const sent: string[] = []
  const timers = new ManualTimers()
  const store = new MemoryDeliveries()
  const notes: string[] = []
  const pump = new DeliveryPump([notifier('ops', async ({ id }) => void sent.push(id))], {
    store,
    clock: timers.clock,
    timers,
    random,
    shown: async () => {
      throw new Error('the journal is full')
    },
    note: text => void notes.push(text),
  })
  store.add(deliveryOf())
  pump.start()
  await timers.leap(DAY_MS)
  assert.deepEqual(sent, ['delivery-1'])
  assert.equal(store.state('delivery-1'), 'delivered')
  assert.deepEqual(notes, ['that a request was shown could not be recorded'])
  await pump.stop()
})

test('what could not be marked as delivered comes again after its lease', async () => {
  const sent: string[] = []
  const { pump, store, notes, timers } = bench([
    notifier('ops', async ({ id }) => {
      sent.push(id)
      store.trouble = sent.length === 1 ? new Error('disk full') : undefined
    }),
  ])
  store.add(deliveryOf())
  pump.start()
  await settle()
  store.trouble = undefined
  await timers.advance(LEASE_MS - POLL_MS)
  assert.deepEqual(sent, ['delivery-1'])
  await timers.advance(2 * POLL_MS)
  assert.deepEqual(sent, ['delivery-1', 'delivery-1'])
  assert.equal(store.state('delivery-1'), 'delivered')
  assert.match(notes[0] ?? '', /^a notification could not be looked up or marked .*disk full/)
  await pump.stop()
})

test('a store that is away is noted once, and asked again', async () => {
  const { pump, store, notes, timers } = bench([notifier('ops', async () => undefined)])
  store.add(deliveryOf())
  store.trouble = new Error('database is locked')
  pump.start()
  await timers.advance(10 * TROUBLE_MS)
  assert.equal(notes.length, 1)
  store.trouble = undefined
  await timers.advance(TROUBLE_MS)
  assert.equal(store.state('delivery-1'), 'delivered')
  await pump.stop()
})

test('a delivery for no configured channel, or for no request, does not stay for ever', async () => {
  const { pump, store, timers } = bench([notifier('ops', async () => undefined)])
  store.add(
    deliveryOf({ id: 'elsewhere', channel: 'gone' }),
    deliveryOf({ id: 'unknown', event: eventOf({ requestId: 'no such request' }) }),
  )
  pump.start()
  await timers.advance(POLL_MS)
  assert.equal(store.state('unknown'), 'given up')
  assert.equal(store.rows.get('elsewhere')?.delivery.attempts, 1)
  for (const delayMs of RETRY_DELAYS_MS) await timers.leap(delayMs + POLL_MS)
  assert.equal(store.state('elsewhere'), 'given up')
  await pump.stop()
})

test('whatever fails in whatever order: all that a channel takes at last is delivered, each at least once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.constantFrom('fail', 'throw', 'pause'), { maxLength: 3 }), { maxLength: 12 }),
      async plans => {
        const left = new Map(plans.map((plan, index) => [`d${index}`, [...plan]]))
        const delivered = new Set<string>()
        const { pump, store, timers } = bench([
          notifier('ops', async delivery => {
            const step = left.get(delivery.id)?.shift()
            if (step === 'fail') throw new DeliveryFailure('500')
            if (step === 'pause') throw new DeliveryFailure('429', 'again', 3_000)
            if (step === 'throw') throw new TypeError('a defect')
            delivered.add(delivery.id)
          }),
        ])
        for (const id of left.keys()) store.add(deliveryOf({ id }))
        pump.start()
        await timers.advance(15 * 60_000)
        assert.equal(delivered.size, plans.length)
        assert.ok([...store.rows.values()].every(row => row.state === 'delivered'))
        await pump.stop()
        assert.equal(timers.pending, 0)
      },
    ),
    { numRuns: 5 },
  )
})
