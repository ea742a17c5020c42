/** From a reply to an extractor or a check: paths of JSON values, names for variables, and what a path finds. */
import type { Check, Extractor } from './types'

export interface JsonLine {
  indent: number
  key: string | null
  text: string
  /** The JSONPath of a value that can be taken; null for braces. */
  path: string | null
  kind: 'string' | 'number' | 'other' | 'brace'
}

const MOST_LINES = 2000
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

export function checkFor(path: string, value: unknown): Check {
  return { type: 'json', path, equals: value }
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
