/** A cURL command, as browsers and API tools copy it, as the request of a step. */
import type { Step } from './types'

const LONGEST = 1_000_000
const MOST_WORDS = 2000

/** Whether a text looks like a cURL command. */
export const isCurl = (text: string) => /^\s*(\$\s+)?curl(\.exe)?\s/.test(text)

interface FromCurl {
  step: Step
  /** Options that have no counterpart in a step. */
  left: string[]
}

/** The step of a cURL command; null where it is none, or names no address. */
export function fromCurl(text: string): FromCurl | null {
  if (!isCurl(text) || text.length > LONGEST) return null
  const words = wordsOf(text.trim().replace(/^\$\s+/, ''))
  if (!words) return null
  const found = read(words.slice(1))
  return found.url ? { step: stepOf(found), left: [...new Set(found.left)] } : null
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'", '"': '"' }

/** Words as a shell makes them: quotes, `\` and `^` at the end of a line, `$'…'`. Null where a quote is not closed. */
function wordsOf(text: string): string[] | null {
  // The command line of Windows escapes by ^, and has no single quotes.
  const source = /\^\s*\r?\n|\^"/.test(text) ? text.replaceAll(/\^\r?\n/g, ' ').replaceAll(/\^(.)/gs, '$1') : text
  const words: string[] = []
  const piece = /\s+|\\\r?\n|\$'((?:\\.|[^'\\])*)'|'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|([^\s'"\\$]+|\$)/gsy
  let word: string | null = null
  while (piece.lastIndex < source.length) {
    const match = piece.exec(source)
    if (!match) return null
    const [whole] = match
    if (/^(\s|\\\r?\n)/.test(whole)) {
      if (word !== null) words.push(word)
      word = null
      if (words.length > MOST_WORDS) return null
    } else if (word === null && /^[|;&>]/.test(whole)) break // another command, or a file for the reply
    else word = (word ?? '') + meant(match)
  }
  return word === null ? words : [...words, word]
}

/** What a piece of a word means without its quotes. */
function meant([, ansi, single, double, escaped, plain]: RegExpExecArray): string {
  if (ansi !== undefined) return unescaped(ansi)
  if (double !== undefined) return double.replaceAll(/\\(["\\$`]|\r?\n)/g, (_, one: string) => (one.endsWith('\n') ? '' : one))
  return single ?? escaped ?? plain ?? ''
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-f]{1,4})|x([0-9a-f]{1,2})|(.))/gis, (_, unicode: string, hex: string, one: string) =>
    one === undefined ? String.fromCharCode(Number.parseInt(unicode ?? hex, 16)) : (ESCAPES[one] ?? one),
  )
}

interface Read {
  url: string
  method: string
  headers: [string, string][]
  data: string[]
  form: { name: string; value: string; file: boolean }[]
  user: string
  digest: boolean
  query: boolean
  json: boolean
  head: boolean
  follow: boolean
  version: string
  seconds: number
  left: string[]
}

/** What each option does with its value. */
const WITH_VALUE: Record<string, (out: Read, value: string) => void> = {
  '--request': (out, value) => (out.method = value.toUpperCase()),
  '--url': (out, value) => (out.url ||= value),
  '--header': (out, value) => header(out, value),
  '--data': (out, value) => out.data.push(value.startsWith('@') ? file(out, '--data', value) : value.replaceAll(/[\r\n]/g, '')),
  '--data-ascii': (out, value) => WITH_VALUE['--data']!(out, value),
  '--data-raw': (out, value) => out.data.push(value),
  '--data-binary': (out, value) => out.data.push(value.startsWith('@') ? file(out, '--data-binary', value) : value),
  '--data-urlencode': (out, value) => out.data.push(encoded(value)),
  '--json': (out, value) => {
    out.data.push(value)
    out.json = true
  },
  '--form': (out, value) => part(out, value),
  '--form-string': (out, value) => out.form.push({ ...named(value), file: false }),
  '--user': (out, value) => (out.user = value),
  '--user-agent': (out, value) => out.headers.push(['User-Agent', value]),
  '--referer': (out, value) => out.headers.push(['Referer', value]),
  '--cookie': (out, value) => (value.includes('=') ? out.headers.push(['Cookie', value]) : out.left.push('--cookie')),
  '--oauth2-bearer': (out, value) => out.headers.push(['Authorization', `Bearer ${value}`]),
  '--max-time': (out, value) => (out.seconds = Number(value) || 0),
}
const ALONE: Record<string, (out: Read) => void> = {
  '--get': (out) => (out.query = true),
  '--head': (out) => (out.head = true),
  '--location': (out) => (out.follow = true),
  '--digest': (out) => (out.digest = true),
  '--http1.1': (out) => (out.version = '1.1'),
  '--http2': (out) => (out.version = '2'),
  '--http3': (out) => (out.version = '3'),
}
const SHORT: Record<string, string> = {
  X: '--request', H: '--header', d: '--data', F: '--form', u: '--user', A: '--user-agent', e: '--referer', b: '--cookie', m: '--max-time',
  G: '--get', I: '--head', L: '--location',
}
/** Of options that say nothing about the request, those that take a value, so that it is not read as an address. */
const VALUED = new Set(['--output', '--proxy', '--cert', '--key', '--cacert', '--capath', '--connect-timeout', '--retry', '--resolve', '--write-out', '--cookie-jar', '--interface', '--limit-rate', '--range', '--upload-file', '--ciphers', '--proxy-user', '--config', '--dump-header', '--max-redirs', '--connect-to', '--noproxy', '--retry-delay', '--tls-max', '--unix-socket', '--cert-type', '--key-type', '--pass'])
const SHORT_VALUED: Record<string, string> = { o: '--output', x: '--proxy', E: '--cert', w: '--write-out', c: '--cookie-jar', r: '--range', T: '--upload-file', U: '--proxy-user', K: '--config', D: '--dump-header' }
/** These are of no consequence for a load test: nothing is said of them. */
const QUIET = new Set(['--silent', '--show-error', '--verbose', '--include', '--compressed', '--globoff', '--progress-bar', '--no-progress-meter', '--output', '--write-out', '--fail', '--fail-with-body', '--dump-header', '--no-buffer'])
const SHORT_QUIET = 'sSvigfN#'

function read(words: string[]): Read {
  const out: Read = { url: '', method: '', headers: [], data: [], form: [], user: '', digest: false, query: false, json: false, head: false, follow: false, version: '', seconds: 0, left: [] }
  const rest = [...words]
  while (rest.length) {
    const word = rest.shift()!
    if (word.startsWith('--') && word.length > 2) {
      const [name, ...value] = word.split('=')
      long(out, name!, value.length ? [value.join('=')] : rest)
    } else if (word.startsWith('-') && word.length > 1) short(out, word.slice(1), rest)
    else if (word && word !== '--') out.url ||= word
  }
  return out
}

function long(out: Read, name: string, rest: string[]): void {
  if (name in WITH_VALUE) WITH_VALUE[name]!(out, rest.shift() ?? '')
  else if (name in ALONE) ALONE[name]!(out)
  else {
    if (VALUED.has(name)) rest.shift()
    if (!QUIET.has(name)) out.left.push(name)
  }
}

/** Letters may stand together, and the value behind its letter: `-sXPOST`. */
function short(out: Read, letters: string, rest: string[]): void {
  for (let i = 0; i < letters.length; i++) {
    const letter = letters[i]!
    const name = SHORT[letter] ?? SHORT_VALUED[letter]
    const takes = name !== undefined && (name in WITH_VALUE || VALUED.has(name))
    if (takes) return long(out, name, i + 1 < letters.length ? [letters.slice(i + 1)] : rest)
    if (name) long(out, name, rest)
    else if (!SHORT_QUIET.includes(letter)) out.left.push(`-${letter}`)
  }
}

function header(out: Read, line: string): void {
  const at = line.indexOf(':')
  if (at > 0 && line.slice(at + 1).trim()) out.headers.push([line.slice(0, at).trim(), line.slice(at + 1).trim()])
}

/** Files of the other machine are not read: their place is named. */
function file(out: Read, option: string, value: string): string {
  out.left.push(`${option} ${value}`)
  return ''
}

function encoded(text: string): string {
  const at = text.indexOf('=')
  return at < 0 ? encodeURIComponent(text) : `${text.slice(0, at)}${at ? '=' : ''}${encodeURIComponent(text.slice(at + 1))}`
}

function named(text: string): { name: string; value: string } {
  const at = text.indexOf('=')
  return at < 0 ? { name: text, value: '' } : { name: text.slice(0, at), value: text.slice(at + 1) }
}

function part(out: Read, text: string): void {
  const { name, value } = named(text)
  const isFile = /^[@<]/.test(value)
  if (isFile) out.left.push(`--form ${text}`)
  out.form.push({ name, value: isFile ? value.slice(1).replace(/;.*$/s, '') : value, file: isFile })
}

/** Those that the service computes. */
const COMPUTED = new Set(['content-length', 'transfer-encoding', 'host', 'connection', 'accept-encoding'])

function stepOf(found: Read): Step {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(found.url) || found.url.startsWith('{{') || found.url.startsWith('/') ? found.url : `http://${found.url}`
  const sent = found.data.length > 0 || found.form.length > 0
  const method = found.method || (found.head ? 'HEAD' : sent && !found.query ? 'POST' : 'GET')
  const joined = found.data.join('&')
  const query = found.query && joined ? (url.includes('?') ? '&' : '?') + joined : ''
  const body = found.query ? { request: {}, drop: false } : bodyOf(found, joined)
  const multipart = found.form.length > 0
  const left = found.headers.filter(([name]) => !COMPUTED.has(name.toLowerCase()) && !((body.drop || multipart) && name.toLowerCase() === 'content-type'))
  const headers = headersOf(left)
  const request: Record<string, unknown> = {
    method,
    url: url + query,
    ...(Object.keys(headers).length ? { headers } : {}),
    ...authOf(found, headers),
    ...body.request,
    ...(found.follow ? { follow_redirects: true } : {}),
    ...(found.version ? { http_version: found.version } : {}),
  }
  return { type: 'request', name: nameFor(url, method), request, ...(found.seconds > 0 ? { timeout: Math.round(found.seconds * 1000) } : {}) }
}

function headersOf(lines: readonly [string, string][]): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = {}
  for (const [name, value] of lines) out[name] = out[name] === undefined ? value : [out[name], value].flat()
  return out
}

function authOf({ user, digest }: Read, headers: Record<string, unknown>): Record<string, unknown> {
  if (!user || Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')) return {}
  const at = user.indexOf(':')
  const [username, password] = at < 0 ? [user, ''] : [user.slice(0, at), user.slice(at + 1)]
  return { auth: { type: digest ? 'digest' : 'basic', username, ...(password ? { password } : {}) } }
}

/** The body in the form in which it is best edited; `drop`: that form brings its own type. */
function bodyOf(found: Read, joined: string): { request: Record<string, unknown>; drop: boolean } {
  if (found.form.length) {
    const multipart = found.form.map(({ name, value, file: isFile }) => (isFile ? { name, value: '', filename: value.split(/[\\/]/).at(-1) } : { name, value }))
    return { request: { multipart }, drop: true }
  }
  if (!joined) return { request: {}, drop: false }
  const type = found.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1].toLowerCase() ?? ''
  const parsed = found.json || type.includes('json') || (!type && /^\s*[[{]/.test(joined)) ? jsonOf(joined) : undefined
  if (parsed !== undefined) return { request: { json: parsed }, drop: /^application\/json\b/.test(type) }
  const form = type === '' || type.startsWith('application/x-www-form-urlencoded') ? formOf(joined) : null
  return form ? { request: { form }, drop: true } : { request: { body: joined }, drop: false }
}

function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value ?? undefined
  } catch {
    return undefined
  }
}

/** Fields of a form; null where the text is none. */
function formOf(text: string): Record<string, string | string[]> | null {
  const pairs = text.split('&').map((one) => one.split('='))
  if (pairs.some((pair) => pair.length !== 2 || !/^[^\s{}<>"]+$/.test(pair[0]!))) return null
  try {
    return headersOf(pairs.map(([name, value]) => [plain(name!), plain(value!)] as [string, string]))
  } catch {
    return null
  }
}
const plain = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))

function nameFor(url: string, method: string): string {
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '')
  return `${method} ${path || '/'}`.slice(0, 100)
}
