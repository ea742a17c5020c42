/** From a reply to an extractor or a check: paths of JSON values, names for variables, and what a path finds. */
import type { Check, Extractor } from './types'

interface JsonLine {
  indent: number
  key: string | null
  text: string
  /** The JSONPath of a value that can be taken; null for braces. */
  path: string | null
  kind: 'string' | 'number' | 'other' | 'brace'
}

export const MOST_LINES = 2000
const plain = /^[A-Za-z_][A-Za-z0-9_]*$/

/** A JSON value as lines, each value with its path. */
export function jsonLines(value: unknown): JsonLine[] {
  const lines: JsonLine[] = []
  write(value, '$', null, 0, '', lines)
  return lines
}

function write(value: unknown, path: string, key: string | null, indent: number, tail: string, lines: JsonLine[]): void {
  if (lines.length >= MOST_LINES) return
  if (typeof value === 'object' && value !== null) return writeMany(value, path, key, indent, tail, lines)
  const kind = typeof value === 'string' ? 'string' : typeof value === 'number' ? 'number' : 'other'
  lines.push({ indent, key, text: JSON.stringify(value) + tail, path, kind })
}

function writeMany(value: object, path: string, key: string | null, indent: number, tail: string, lines: JsonLine[]): void {
  const list = Array.isArray(value)
  const entries = Object.entries(value)
  const [open, close] = list ? ['[', ']'] : ['{', '}']
  if (!entries.length) {
    lines.push({ indent, key, text: open + close + tail, path, kind: 'other' })
    return
  }
  lines.push({ indent, key, text: open, path: null, kind: 'brace' })
  entries.forEach(([name, inner], i) => {
    const step = list ? `[${name}]` : plain.test(name) ? `.${name}` : `['${name.replaceAll("'", "\\'")}']`
    write(inner, path + step, list ? null : name, indent + 1, i < entries.length - 1 ? ',' : '', lines)
  })
  lines.push({ indent, key: null, text: close + tail, path: null, kind: 'brace' })
}

/** A name for the variable that keeps the value at a path, unlike those that are taken. */
export function variableFor(path: string, taken: ReadonlySet<string>): string {
  const last = [...path.matchAll(/[A-Za-z_][A-Za-z0-9_]*/g)].at(-1)?.[0] ?? 'value'
  if (!taken.has(last)) return last
  let number = 2
  while (taken.has(`${last}_${number}`)) number++
  return `${last}_${number}`
}

export function extractorFor(path: string, taken: ReadonlySet<string>): Extractor {
  return { name: variableFor(path, taken), from: 'json', path }
}

/** Whether a text is shown masked: what it is cannot be compared with, nor looked for. */
export const isMasked = (value: unknown): boolean => typeof value === 'string' && value.includes('***')

/** A value must be the same; a secret must be there. */
export function checkFor(path: string, value: unknown): Check {
  return isMasked(value) ? { type: 'json', path, exists: true } : { type: 'json', path, equals: value }
}

/** The value at a path as `jsonLines` writes them; undefined where there is none. */
export function valueAt(value: unknown, path: string): unknown {
  const keys = [...path.matchAll(/\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]/g)]
  return keys.reduce<unknown>((node, [, name, index, quoted]) => {
    if (typeof node !== 'object' || node === null) return undefined
    const key = name ?? index ?? quoted!.replaceAll("\\'", "'")
    return (node as Record<string, unknown>)[key]
  }, value)
}

export interface Marked {
  text: string
  /** Text between two others; null where no short pair finds just this. */
  boundary: { left: string; right: string } | null
  pattern: string | null
}

const LONGEST_EDGE = 60

/** How a text that was marked in a body can be found again: by what is around it, and by a regular expression. */
export function markedIn(body: string, from: number, to: number): Marked | null {
  if (from < 0 || to <= from || to > body.length) return null
  const text = body.slice(from, to)
  const edges = edgesOf(body, from, to)
  const pattern = edges ? patternFor(text, edges) : anchored(body, from, to)
  return { text, boundary: edges, pattern: pattern && firstMatch(pattern, body) === text ? pattern : null }
}

/** The shortest texts before and after, on its line, between which the first find is this one. */
function edgesOf(body: string, from: number, to: number): { left: string; right: string } | null {
  const lineStart = body.lastIndexOf('\n', from - 1) + 1
  const lineEnd = body.indexOf('\n', to)
  const before = body.slice(Math.max(lineStart, from - LONGEST_EDGE), from)
  const after = body.slice(to, lineEnd < 0 ? to + LONGEST_EDGE : Math.min(lineEnd, to + LONGEST_EDGE))
  for (let length = Math.min(4, before.length); length > 0 && length <= before.length; length++) {
    const left = before.slice(-length)
    for (let size = 1; size <= Math.min(8, after.length); size++) {
      const right = after.slice(0, size)
      if (between(body, left, right) === body.slice(from, to) && body.indexOf(left) + left.length === from) return { left, right }
    }
  }
  return null
}

/** What a boundary extractor finds first; null where it finds nothing. */
export function between(body: string, left: string, right: string): string | null {
  const begin = body.indexOf(left)
  if (begin < 0) return null
  const end = body.indexOf(right, begin + left.length)
  return end < 0 ? null : body.slice(begin + left.length, end)
}

const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

function patternFor(text: string, { left, right }: { left: string; right: string }): string {
  const kind = /^\d+$/.test(text) ? '\\d+' : /^[\w-]+$/.test(text) ? '[\\w-]+' : '.+?'
  return `${literal(left)}(${kind})${literal(right)}`
}

/** Where nothing stands before or after it, the beginning or the end of the body is the edge. */
function anchored(body: string, from: number, to: number): string | null {
  if (from > 0 && to < body.trimEnd().length) return null
  const ends = { left: body.slice(Math.max(0, from - 8), from), right: body.slice(to, to + 1) }
  const pattern = patternFor(body.slice(from, to), ends)
  return `${from === 0 ? '^' : ''}${pattern}${to === body.length ? '$' : ''}`
}

function firstMatch(pattern: string, body: string): string | null {
  try {
    const match = new RegExp(pattern, 'u').exec(body)
    return match ? (match[1] ?? match[0]) : null
  } catch {
    return null
  }
}

/** A name for the variable that keeps a marked text: the last word before it. */
export function variableBefore({ boundary }: Marked, taken: ReadonlySet<string>): string {
  return variableFor(boundary?.left ?? 'value', taken)
}

/** The lines of a reply's head: a header has a name, the line of the status has none. */
export function headerLines(head: string): { name: string | null; value: string }[] {
  return head.split(/\r?\n/).filter(Boolean).map((line) => {
    const [, name, value] = /^([!#$%&'*+.^`|~\w-]+):\s*(.*)$/.exec(line) ?? []
    return name === undefined ? { name: null, value: line } : { name, value: value! }
  })
}
