// Where a text stops being JSON or YAML, in the reader's language. Loaded with the code editor.
import { jsonLanguage } from '@codemirror/lang-json'
import { t, type Key } from '@/i18n'
import { shapeFault } from '@/scene/shape'

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

/** By code, and where one has several causes by a part of its message. */
const REASONS: readonly [code: string, message: string, reason: Key][] = [
  ['BAD_INDENT', 'end with a', 'parts.fault.missing'],
  ['BAD_INDENT', '', 'parts.fault.indent'],
  ['TAB_AS_INDENT', '', 'parts.fault.tab'],
  ['DUPLICATE_KEY', '', 'parts.fault.twice'],
  ['MISSING_CHAR', 'Sequence item', 'parts.fault.indent'],
  ['MISSING_CHAR', 'Implicit map keys', 'parts.fault.colon'],
  ['MISSING_CHAR', '', 'parts.fault.missing'],
  ['MULTILINE_IMPLICIT_KEY', '', 'parts.fault.colon'],
  ['BLOCK_AS_IMPLICIT_KEY', '', 'parts.fault.nested'],
  ['BAD_SCALAR_START', '', 'parts.fault.start'],
  ['BAD_ALIAS', '', 'parts.fault.start'],
  ['UNEXPECTED_TOKEN', '', 'parts.fault.indent'],
]

export async function yamlFault(text: string): Promise<CodeFault | null> {
  const { isCollection, parseDocument, visit } = await import('yaml')
  const document = parseDocument(text, { prettyErrors: false })
  const [error] = document.errors
  if (!error) {
    let found: CodeFault | null = null
    visit(document, {
      // {{user}} without quotes is a mapping with a mapping as its key.
      Pair(_, { key }) {
        if (isCollection(key)) found ??= placed(text, (key.range?.[0] ?? 1) - 1, 'parts.fault.bare')
      },
      Alias(_, node) {
        if (!node.resolve(document)) found ??= placed(text, node.range?.[0] ?? 0, 'parts.fault.start')
      },
    })
    return found
  }
  const reason = REASONS.find(([code, message]) => code === error.code && error.message.includes(message))?.[2]
  const blank = /^[^\S\n]*/.exec(text.slice(error.pos[0]))![0].length
  return placed(text, error.pos[0] + blank, reason ?? 'parts.fault.yaml')
}

/** Where a document that can be read is no scene; JSON is YAML, so one parser finds the place in both. */
export async function sceneFault(text: string, value: unknown): Promise<CodeFault | null> {
  const fault = shapeFault(value)
  if (!fault) return null
  const { isNode, parseDocument } = await import('yaml')
  const wide = fault.path.length ? -1 : text.indexOf('：')
  if (wide >= 0) return placed(text, wide, 'parts.fault.wide')
  const document = parseDocument(text)
  const node = fault.path.length ? document.getIn(fault.path, true) : document.contents
  return placed(text, isNode(node) ? (node.range?.[0] ?? 0) : 0, `parts.fault.${fault.reason}`)
}

function placed(text: string, at: number, reason: Key): CodeFault {
  const before = text.slice(0, at)
  return { at, line: before.split('\n').length, column: at - before.lastIndexOf('\n'), reason }
}
