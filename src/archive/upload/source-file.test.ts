import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { sourceFiles } from './source-file.ts'

describe('the files that are sent', () => {
  let root: string
  let secret: string
  let other: string

  before(() => {
    other = mkdtempSync(join(tmpdir(), 'sallyport-elsewhere-'))
    secret = join(other, 'journal.json')
    writeFileSync(secret, 'secret')
    const real = mkdtempSync(join(tmpdir(), 'sallyport-sources-'))
    mkdirSync(join(real, 'journal/00'), { recursive: true })
    writeFileSync(join(real, 'journal/00/plain'), 'plain')
    // The data folder itself may be a link: the operator has put it there.
    root = join(other, 'data')
    symlinkSync(join(real, 'journal'), root)
  })
  after(() => rmSync(other, { recursive: true }))

  const open = (path: string): ReturnType<typeof sourceFiles.open> => sourceFiles.open(root, join(root, path))

  it('are read where they stand', async () => {
    const file = await open('00/plain')
    const bytes = Buffer.alloc(10)
    assert.equal(await file?.read(bytes, 2), 3)
    assert.equal(bytes.toString('utf8', 0, 3), 'ain')
    assert.equal(await file?.size(), 5)
    await file?.close()
    assert.equal(await open('00/missing'), undefined)
    assert.equal(await open('01/missing'), undefined)
    assert.deepEqual(await sourceFiles.list(join(root, '01')), [])
  })

  it('are no links, no folders that are links, no pipes and no folders', async () => {
    symlinkSync(secret, join(root, '00/link'))
    symlinkSync(other, join(root, 'linked'))
    execFileSync('mkfifo', [join(root, '00/pipe')])
    mkdirSync(join(root, '00/folder'))
    for (const path of ['00/link', 'linked/journal.json', '00/pipe', '00/folder', '../journal.json']) {
      await assert.rejects(
        open(path).then(file => file?.close().then(() => path)),
        { code: 'archive-file-refused' },
        path,
      )
    }
  })

  it('may have a second name: backups make them', async () => {
    linkSync(join(root, '00/plain'), join(root, '00/hard'))
    const file = await open('00/hard')
    assert.equal(await file?.size(), 5)
    await file?.close()
  })
})
