import { parseSync } from 'oxc-parser'

/** A source file as the checks see it. */
export interface SourceFile {
  /** Relative to the repository, with `/`. */
  readonly path: string
  readonly text: string
}

export interface Import {
  /** As written: `../core/errors.ts`, `node:fs`, `zod`. */
  readonly target: string
  readonly line: number
}

export interface FunctionSpan {
  readonly line: number
  /** Lines that are not blank. */
  readonly lines: number
}

export interface Declared {
  readonly name: string
  readonly line: number
}

/** What a file imports (types too), how long its functions are, and which names it exports. */
export interface Reading {
  readonly imports: readonly Import[]
  readonly functions: readonly FunctionSpan[]
  readonly exports: readonly Declared[]
}

const FUNCTIONS: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
])

/** Reads a file; a file that does not parse throws. */
export function readSource(file: SourceFile): Reading {
  const { program, module, errors } = parseSync(file.path, file.text)
  const [first] = errors
  if (first) throw new Error(`${file.path}: ${first.message}`)
  const lineAt = lineCounter(file.text)
  const imports: Import[] = []
  const functions: FunctionSpan[] = []
  for (const { moduleRequest, start } of module.staticImports) {
    imports.push({ target: moduleRequest.value, line: lineAt(start) })
  }
  for (const { entries, start } of module.staticExports) {
    const target = entries.find(entry => entry.moduleRequest)?.moduleRequest?.value
    if (target !== undefined) imports.push({ target, line: lineAt(start) })
  }
  walk(program, node => {
    const line = lineAt(node.start)
    if (node.type === 'ImportExpression' || node.type === 'TSImportType') {
      const target = literal(node['source']) ?? literal(node['argument'])
      imports.push({ target: target ?? '(computed)', line })
    }
    if (FUNCTIONS.has(node.type)) {
      const lines = file.text.slice(node.start, node.end).split('\n')
      functions.push({ line, lines: lines.filter(text => text.trim() !== '').length })
    }
  })
  const exports = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ exportName, start }) =>
      exportName.name === null ? [] : [{ name: exportName.name, line: lineAt(start) }],
    ),
  )
  return { imports, functions, exports }
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [member: string]: unknown
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit)
    return
  }
  if (!isNode(value)) return
  visit(value)
  for (const member of Object.values(value)) if (typeof member === 'object') walk(member, visit)
}

/** The text of a literal, also of one inside a type. */
function literal(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'TSLiteralType') return literal(node['literal'])
  return typeof node['value'] === 'string' ? node['value'] : undefined
}

function lineCounter(text: string): (offset: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return offset => {
    const next = starts.findIndex(start => start > offset)
    return next < 0 ? starts.length : next
  }
}
