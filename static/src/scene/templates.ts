/** Placeholders in texts: `{{name}}`, `{{$uuid}}`, `{{$randomInt(1,9)}}`, `{{$faker.name}}`; `\{{` is no placeholder. */
interface Placeholder {
  from: number
  to: number
  name: string
}

// A quoted text may hold braces; what has an open quote is left to the second form.
const PLACEHOLDER = /\\\{\{|\{\{\s*((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^"'])*?)\s*\}\}|\{\{\s*(.*?)\s*\}\}/gs
const VARIABLE = /^[\p{L}_][\p{L}\p{M}\p{N}_-]{0,63}$/u

export function placeholders(text: string): Placeholder[] {
  return [...text.matchAll(PLACEHOLDER)].flatMap((match) => {
    const name = match[1] ?? match[2]
    return name === undefined ? [] : [{ from: match.index, to: match.index + match[0].length, name }]
  })
}

/** Whether a variable stands there and nothing else; what else may, only the service can judge. */
export const isVariable = (expression: string) => VARIABLE.test(expression)

/** What the protocols give to the functions that sign a request. */
const SIGNED = new Set(['request_method', 'request_url', 'request_path', 'request_query', 'request_body'])
const QUOTED = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/gs
const NAMES = /(?<![$.\p{L}\p{M}\p{N}_-])[\p{L}_][\p{L}\p{M}\p{N}_-]*/gu

/** Whether signs of Chinese text stand where those of a call belong. */
export const hasWideSigns = (expression: string) => /[，、（）“”‘’]/.test(expression.replace(QUOTED, ''))

/** The variables that an expression reads, those among the arguments of its functions too. */
export function variablesIn(expression: string): string[] {
  if (isVariable(expression)) return [expression]
  if (!expression.startsWith('$')) return []
  return [...new Set(expression.replace(QUOTED, '""').match(NAMES) ?? [])].filter((name) => !SIGNED.has(name))
}

/** The text of JSON with its escaped quotes as plain ones, each character at its place. */
export const unescaped = (json: string) => json.replaceAll('\\"', ' "')

/** The expressions in a text; in that of JSON, as they are once it is read. */
export function expressionsOf(text: string, json: boolean): string[] {
  if (!json) return placeholders(text).map(({ name }) => name)
  return placeholders(unescaped(text)).map(({ from, to, name }) => {
    try {
      return (JSON.parse(`"${text.slice(from + 2, to - 2)}"`) as string).trim()
    } catch {
      return name
    }
  })
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

export interface Open {
  /** Where the braces begin, and the word that is being typed. */
  from: number
  at: number
  /** The word up to the caret; null where none may stand, as in a quoted text. */
  typed: string | null
  /** The function whose argument it is, and which of them. */
  call: { name: string; argument: number } | null
}

/** What is being typed between `{{` and the caret; null where no placeholder is open there. */
export function openAt(text: string, caret: number): Open | null {
  const before = text.slice(0, caret)
  const from = before.lastIndexOf('{{')
  if (from < 0 || before[from - 1] === '\\') return null
  const inner = before.slice(from + 2)
  const found = argumentAt(inner)
  if (!found) return null
  const word = inner.slice(found.token).trimStart()
  const fits = !found.quoted && /^[$\p{L}\p{M}\p{N}_.-]*$/u.test(word.trimEnd())
  return { from, at: caret - word.length, typed: fits ? word.trimEnd() : null, call: found.calls.at(-1) ?? null }
}

/** Where in an expression one is at its end: null where it is closed. */
function argumentAt(inner: string): { token: number; quoted: boolean; calls: { name: string; argument: number }[] } | null {
  const calls: { name: string; argument: number }[] = []
  let token = 0
  let quote = ''
  for (let i = 0; i < inner.length; i++) {
    const sign = inner[i]!
    if (quote) {
      if (sign === '\\') i++
      else if (sign === quote) quote = ''
    } else if (sign === '"' || sign === "'") quote = sign
    else if (sign === '(') calls.push({ name: inner.slice(token, i).trim(), argument: 0 })
    else if (sign === ',' && calls.length) calls.at(-1)!.argument++
    else if (sign === ')') calls.pop()
    else if (inner.startsWith('}}', i)) return null
    if (!quote && (sign === '(' || sign === ',')) token = i + 1
  }
  return { token, quoted: quote !== '', calls }
}

/** The text with a word put where one was being typed, or at the caret; and where the caret goes. */
export function completed(text: string, caret: number, name: string): { text: string; caret: number } {
  const open = openAt(text, caret)
  if (open?.call) return { text: text.slice(0, open.at) + name + text.slice(caret), caret: open.at + name.length }
  const from = open?.from ?? caret
  const after = /^\s*\}\}/.exec(text.slice(caret))
  const rest = open && after ? text.slice(caret + after[0].length) : text.slice(caret)
  const filled = `{{${name}}}`
  return { text: text.slice(0, from) + filled + rest, caret: from + filled.length }
}
