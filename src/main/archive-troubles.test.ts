import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ArchiveTroubles } from './archive-troubles.ts'

function world(): { troubles: ArchiveTroubles; told: string[] } {
  const told: string[] = []
  const tell = (fields: object): void => void told.push(Object.values(fields).join(': '))
  return { troubles: new ArchiveTroubles({ info: tell, warn: tell } as never), told }
}

test('a thread that ends again and again for the same reason is told of once', () => {
  const { troubles, told } = world()
  for (let start = 0; start < 3; start++) {
    troubles.report('archivist', 'it is served by another process')
    troubles.forgetJobs('archivist')
  }
  assert.deepEqual(told, ['archivist: it is served by another process'])
  troubles.report('archivist', undefined)
  troubles.report('archivist', undefined)
  assert.deepEqual(told.slice(1), ['archivist'])
})

test('the troubles of a thread that has ended are not those of the next one', () => {
  const { troubles, told } = world()
  troubles.report('upload', 'no bucket')
  troubles.report('archivist', 'its thread ended')
  troubles.forgetJobs('archivist')
  assert.deepEqual([...troubles.now.keys()], ['archivist'])
  troubles.report('upload', 'no bucket')
  assert.equal(told.length, 3)
})
