import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Door } from './door.ts'

describe('the door', () => {
  it('has so many places for strangers, and fewer for those of one address', () => {
    const door = new Door({ strangers: 3, strangersPerAddress: 2 })
    const first = door.stranger('a')
    assert.ok(typeof first === 'function')
    assert.ok(typeof door.stranger('a') === 'function')
    const third = door.stranger('a')
    assert.ok('full' in third && /of this address/.test(third.full))
    assert.ok(typeof door.stranger('b') === 'function')
    const fourth = door.stranger('c')
    assert.ok('full' in fourth && !/address/.test(fourth.full))
    first()
    first()
    assert.ok(typeof door.stranger('c') === 'function')
    assert.ok('full' in door.stranger('b'))
  })

  it('counts the guests of each target', () => {
    const door = new Door()
    const leave = door.guest('orders', 1)
    assert.ok(typeof leave === 'function')
    assert.ok('full' in door.guest('orders', 1))
    assert.ok(typeof door.guest('other', 1) === 'function')
    leave()
    assert.ok(typeof door.guest('orders', 1) === 'function')
  })
})
