/** Placeholders in texts: `{{name}}`, `{{$uuid}}`, `{{$randomInt(1,9)}}`, `{{$faker.name}}`; `\{{` is no placeholder. */
export interface Placeholder {
  from: number
  to: number
  name: string
}

const PLACEHOLDER = /\\\{\{|\{\{\s*(.*?)\s*\}\}/gs
const VARIABLE = /^[\p{L}_][\p{L}\p{M}\p{N}_-]{0,63}$/u
// Which built-in words there are, and what they take, the service knows; here only their form is looked at.
const BUILT_IN = /^\$[A-Za-z_][\w.]*(\(.*\))?$/s

const QUOTED = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g
/** Signs of Chinese text where those of a call belong. */
const WIDE_SIGN = /[，、（）“”‘’]/

export function placeholders(text: string): Placeholder[] {
  return [...text.matchAll(PLACEHOLDER)].flatMap((match) =>
    match[1] === undefined ? [] : [{ from: match.index, to: match.index + match[0].length, name: match[1] }],
  )
}

export type Fitness = 'known' | 'built in' | 'unknown' | 'malformed'

export function fitnessOf(name: string, known: ReadonlySet<string>): Fitness {
  if (BUILT_IN.test(name)) return WIDE_SIGN.test(name.replaceAll(QUOTED, '')) ? 'malformed' : 'built in'
  if (!VARIABLE.test(name)) return 'malformed'
  return known.has(name) ? 'known' : 'unknown'
}

/** Every placeholder in the strings of a value, however deep. */
export function within(value: unknown): string[] {
  if (typeof value === 'string') return placeholders(value).map((found) => found.name)
  if (Array.isArray(value)) return value.flatMap(within)
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(within)
  return []
}

/** The name that was probably meant, or null. */
export function nearest(name: string, candidates: Iterable<string>): string | null {
  let best: string | null = null
  let distance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of candidates) {
    const found = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (found < distance) [best, distance] = [candidate, found]
  }
  return best
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}

/** What is being typed after an open `{{` before the caret; null where none is open. */
export function openAt(text: string, caret: number): { from: number; typed: string } | null {
  const before = text.slice(0, caret)
  const open = before.lastIndexOf('{{')
  if (open < 0 || before[open - 1] === '\\' || before.indexOf('}}', open) >= 0) return null
  const typed = before.slice(open + 2)
  return /^[\s$\p{L}\p{M}\p{N}_.-]*$/u.test(typed) ? { from: open, typed: typed.trim() } : null
}

/** The text with a placeholder put where one was being typed, or at the caret; and where the caret goes. */
export function completed(text: string, caret: number, name: string): { text: string; caret: number } {
  const open = openAt(text, caret)
  const from = open?.from ?? caret
  const after = /^\s*\}\}/.exec(text.slice(caret))
  const rest = open && after ? text.slice(caret + after[0].length) : text.slice(caret)
  const filled = `{{${name}}}`
  return { text: text.slice(0, from) + filled + rest, caret: from + filled.length }
}
