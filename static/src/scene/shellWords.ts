/** Words of a command as a shell makes them. */

export interface ShellWords {
  words: string[]
  /** Variables of the shell, whose values are not known here: `$TOKEN`. */
  variables: string[]
}

const MOST_WORDS = 2000
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'", '"': '"' }
const VARIABLE = /\$(\{\w+\}|[A-Za-z_]\w*)/g

/** Reads quotes, `\` and `^` at the end of a line, `$'…'`, up to another command. Null where a quote is not closed. */
export function shellWords(text: string): ShellWords | null {
  const source = plainOf(text)
  const out: ShellWords = { words: [], variables: [] }
  const piece = /\s+|\\[ \t]*\r?\n|\$'((?:\\.|[^'\\])*)'|'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|(\$\{\w+\}|\$\w*|[^\s'"\\$]+)/gsy
  let word: string | null = null
  while (piece.lastIndex < source.length) {
    const match = piece.exec(source)
    if (!match) return null
    const [whole] = match
    if (/^(\s|\\[ \t]*\r?\n)/.test(whole)) {
      if (word !== null) out.words.push(word)
      word = null
      if (out.words.length > MOST_WORDS) return null
    } else if (word === null && /^\d?[|;&<>]/.test(whole)) break // another command, or a file for the reply
    else word = (word ?? '') + meant(match, out.variables)
  }
  if (word !== null) out.words.push(word)
  return out
}

/** Without what the command line of Windows, or a word processor, made of the signs of a shell. */
function plainOf(text: string): string {
  // There ^ escapes, an empty line after it is a line of the text, and there are no single quotes.
  if (/\^\s*\r?\n|\^"/.test(text)) return text.replaceAll(/\^\r?\n\r?\n/g, '\n').replaceAll(/\^\r?\n/g, ' ').replaceAll(/\^(.)/gs, '$1')
  return /['"]/.test(text) ? text : text.replaceAll(/[‘’]/g, "'").replaceAll(/[“”]/g, '"')
}

/** What a piece of a word means without its quotes. */
function meant([, ansi, single, double, escaped, plain]: RegExpExecArray, variables: string[]): string {
  if (ansi !== undefined) return unescaped(ansi)
  const open = double ?? plain
  if (open !== undefined) variables.push(...(open.replaceAll(/\\./gs, '').match(VARIABLE) ?? []))
  if (double !== undefined) return double.replaceAll(/\\(["\\$`]|\r?\n)/g, (_, one: string) => (one.endsWith('\n') ? '' : one))
  return single ?? escaped ?? plain ?? ''
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-f]{1,4})|x([0-9a-f]{1,2})|([0-7]{1,3})|(.))/gis, (_, unicode: string, hex: string, octal: string, one: string) => {
    if (one !== undefined) return ESCAPES[one] ?? one
    return String.fromCharCode(octal === undefined ? Number.parseInt(unicode ?? hex, 16) : Number.parseInt(octal, 8))
  })
}
