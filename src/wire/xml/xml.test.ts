import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../core/errors.ts'
import type { XmlElement } from './element.ts'
import { readXml } from './reader.ts'
import { parentElement, textElement, writeXml } from './writer.ts'

const read = (text: string): XmlElement => readXml(Buffer.from(text, 'utf8'))

function refuses(bytes: string | Buffer, code = 'xml-malformed'): void {
  assert.throws(
    () => readXml(Buffer.from(bytes)),
    (error: unknown) => error instanceof GateError && error.code === code,
    bytes.toString().slice(0, 100),
  )
}

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,8}$/).filter(text => !text.startsWith('xmlns'))
const text = fc
  .string({ unit: 'grapheme' })
  .filter(one => one.isWellFormed() && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(one))

const element = fc.letrec<{ element: XmlElement }>(tie => ({
  element: fc.oneof(
    { maxDepth: 4 },
    fc.record(
      {
        name,
        attributes: fc.uniqueArray(fc.tuple(name, text), { selector: ([one]) => one, maxLength: 3 }),
        children: fc.constant([]),
        text: fc.oneof(
          text,
          fc.constantFrom('\r\n', ' ', '\t', ']]>', '&amp;', '<![CDATA[x]]>', '\u0085\u2028'),
        ),
      },
      { noNullPrototype: true },
    ),
    fc.record(
      {
        name,
        attributes: fc.uniqueArray(fc.tuple(name, text), { selector: ([one]) => one, maxLength: 3 }),
        children: fc.array(tie('element'), { minLength: 1, maxLength: 3 }),
        text: fc.constant(''),
      },
      { noNullPrototype: true },
    ),
  ),
})).element

test('what is written is read as the same', () => {
  fc.assert(fc.property(element, one => assert.deepEqual(read(writeXml(one)), one)))
})

test('a document as the SDKs send it', () => {
  const document = read(
    `<?xml version="1.0" encoding="UTF-8"?>\r\n<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
      <Grantee xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type="Group"><URI>a&amp;b&#x41;&#66;</URI></Grantee >
      <Empty/>
    </AccessControlPolicy>`,
  )
  assert.equal(document.name, 'AccessControlPolicy')
  assert.deepEqual(document.attributes, [['xmlns', 'http://s3.amazonaws.com/doc/2006-03-01/']])
  assert.deepEqual(
    document.children.map(child => child.name),
    ['Grantee', 'Empty'],
  )
  assert.deepEqual(document.children[0]?.attributes[1], ['xsi:type', 'Group'])
  assert.equal(document.children[0]?.children[0]?.text, 'a&bAB')
})

test('entities, document types, instructions, comments and CDATA are refused', () => {
  for (const document of [
    '<!DOCTYPE a><a/>',
    '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
    '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    '<a>&unknown;</a>',
    '<a>&amp</a>',
    '<a>&</a>',
    '<a>&#0;</a>',
    '<a>&#xD800;</a>',
    '<a>&#x110000;</a>',
    '<a>&#xFFFE;</a>',
    '<a>&#;</a>',
    '<a>&#x;</a>',
    '<a><!-- c --></a>',
    '<a>x<!-- c -->y</a>',
    '<a><![CDATA[x]]></a>',
    '<a>]]></a>',
    '<?php x ?><a/>',
    '<a><?x y?></a>',
    '<?xml version="1.1"?><a/>',
    '<?xml version="1.0" encoding="UTF-16"?><a/>',
    ' <?xml version="1.0"?><a/>',
  ]) {
    refuses(document)
  }
})

test('what is not well formed is refused', () => {
  for (const document of [
    '',
    'a',
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a/>x',
    '<a>text<b/></a>',
    '<a><b/>text</a>',
    '<a b="1" b="2"/>',
    '<a b=1/>',
    '<a b/>',
    '<a b="1"c="2"/>',
    '<a b="<"/>',
    '<a b="x\ny"/>',
    '<a b="open/>',
    '<1a/>',
    '< a/>',
    '<a:b/>',
    '<a p:q="1"/>',
    '<a:b:c xmlns:a="x"/>',
    '<a><b xmlns:p="x"/><p:c/></a>',
    '<a>\u0001</a>',
    '<a>\ufffe</a>',
    '<é/>',
  ]) {
    refuses(document)
  }
  refuses(Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]))
  refuses(Buffer.from('<a/>', 'utf16le'))
})

test('line ends are read as XML reads them, and survive where they were written as references', () => {
  assert.equal(read('<a>1\r\n2\r3\n4</a>').text, '1\n2\n3\n4')
  assert.equal(read('<a>&#xD;&#13;\n</a>').text, '\r\r\n')
})

test('bytes, depth, elements and attributes have limits', () => {
  const limits = { maxBytes: 200, maxDepth: 3, maxElements: 5, maxAttributes: 2 }
  const isLimit = (error: unknown): boolean => error instanceof GateError && error.code === 'xml-limit'
  const within = (document: string): XmlElement => readXml(Buffer.from(document), limits)
  assert.ok(within('<a x="" y=""><b><c/></b><d/><e/></a>'))
  for (const document of [
    '<a><b><c><d/></c></b></a>',
    '<a><b/><c/><d/><e/><f/></a>',
    '<a x="" y="" z=""/>',
    `<a>${'x'.repeat(200)}</a>`,
  ]) {
    assert.throws(() => within(document), isLimit)
  }
  refuses('<a>'.repeat(100_000), 'xml-limit')
})

test('a value that XML cannot carry is refused by the writer', () => {
  for (const value of ['\u0000', '\u001b', '\ud800', '\uffff']) {
    assert.throws(() => writeXml(textElement('a', value)), GateError)
  }
  assert.equal(writeXml(parentElement('a', [textElement('b', '<&>"')])), '<a><b>&lt;&amp;&gt;&quot;</b></a>')
})
