// Where a text stops being JSON or YAML, in the reader's language. Loaded with the code editor.
import { jsonLanguage } from '@codemirror/lang-json'
import { t, type Key } from '@/i18n'

export interface CodeFault {
  at: number
  line: number
  column: number
  reason: Key
}

export function faultText({ line, column, reason }: CodeFault): string {
  return t('parts.fault.place', { line, column, reason: t(reason) })
}

/** A placeholder without quotes. */
const BARE = /^\{\{\s*[$\p{L}_]/u

export function jsonFault(text: string): CodeFault | null {
  if (isJson(text)) return null
  let at = text.trimEnd().length
  jsonLanguage.parser.parse(text).iterate({
    enter(node) {
      if (node.type.isError) at = Math.min(at, node.from)
    },
  })
  // The first brace is read as the beginning of an object, so the second one is the fault.
  const begins = text.startsWith('{{', at - 1) ? at - 1 : at
  return BARE.test(text.slice(begins)) ? placed(text, begins, 'parts.fault.bare') : placed(text, at, jsonReason(text, at))
}

/** What to do about JSON that ends at a place: the frequent mistakes have words of their own. */
function jsonReason(text: string, at: number): Key {
  const sign = text.charAt(at)
  if (sign && '}]'.includes(sign) && text.slice(0, at).trimEnd().endsWith(',')) return 'parts.fault.comma'
  if (sign && '“”，：｛｝［］'.includes(sign)) return 'parts.fault.wide'
  if (sign === "'") return 'parts.fault.quote'
  return /^(?:\/[/*]|#)/.test(text.slice(at)) ? 'parts.fault.comment' : 'parts.fault.json'
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const REASONS: Readonly<Record<string, Key>> = {
  BAD_INDENT: 'parts.fault.indent',
  TAB_AS_INDENT: 'parts.fault.tab',
  DUPLICATE_KEY: 'parts.fault.twice',
  MISSING_CHAR: 'parts.fault.missing',
}

export async function yamlFault(text: string): Promise<CodeFault | null> {
  const { parseDocument } = await import('yaml')
  const [error] = parseDocument(text, { prettyErrors: false }).errors
  if (!error) return null
  const blank = /^[^\S\n]*/.exec(text.slice(error.pos[0]))![0].length
  return placed(text, error.pos[0] + blank, REASONS[error.code] ?? 'parts.fault.yaml')
}

function placed(text: string, at: number, reason: Key): CodeFault {
  const before = text.slice(0, at)
  return { at, line: before.split('\n').length, column: at - before.lastIndexOf('\n'), reason }
}
