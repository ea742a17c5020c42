/** A cURL command, as browsers and API tools copy it, as the request of a step. */
import { multipartOf, type Part, unquoted } from './multipart'
import { shellWords } from './shellWords'
import type { Step } from './types'

const LONGEST = 1_000_000

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
  const found = shellWords(text.trim().replace(/^\$\s+/, ''))
  if (!found) return null
  const command = read(found.words.slice(1))
  command.left.push(...found.variables)
  return command.url ? { step: stepOf(command), left: [...new Set(command.left)] } : null
}

interface Read {
  url: string
  method: string
  headers: [string, string][]
  data: string[]
  form: Part[]
  user: string
  digest: boolean
  query: boolean
  queries: string[]
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
    if (!out.headers.some(([name]) => name.toLowerCase() === 'accept')) out.headers.push(['Accept', 'application/json'])
  },
  '--form': (out, value) => part(out, value),
  '--form-string': (out, value) => out.form.push(named(value)),
  '--user': (out, value) => (out.user = value),
  '--user-agent': (out, value) => out.headers.push(['User-Agent', value]),
  '--referer': (out, value) => out.headers.push(['Referer', value]),
  '--cookie': (out, value) => (value.includes('=') ? out.headers.push(['Cookie', value]) : out.left.push('--cookie')),
  '--oauth2-bearer': (out, value) => out.headers.push(['Authorization', `Bearer ${value}`]),
  '--url-query': (out, value) => out.queries.push(value.startsWith('+') ? value.slice(1) : encoded(value)),
  '--upload-file': (out, value) => {
    out.method ||= 'PUT'
    file(out, '--upload-file', value)
  },
  '--max-time': (out, value) => (out.seconds = Number(value) || 0),
}
const ALONE: Record<string, (out: Read) => void> = {
  '--get': (out) => (out.query = true),
  '--head': (out) => (out.head = true),
  '--location': (out) => (out.follow = true),
  '--location-trusted': (out) => (out.follow = true),
  '--digest': (out) => (out.digest = true),
  '--http1.1': (out) => (out.version = '1.1'),
  '--http2-prior-knowledge': (out) => (out.version = '2'),
  '--http2': (out) => (out.version = '2'),
  '--http3': (out) => (out.version = '3'),
}
const SHORT: Record<string, string> = {
  X: '--request', H: '--header', d: '--data', F: '--form', u: '--user', A: '--user-agent', e: '--referer', b: '--cookie', m: '--max-time', T: '--upload-file',
  G: '--get', I: '--head', L: '--location',
}
/** Of options that say nothing about the request, those that take a value, so that it is not read as an address. */
const VALUED = new Set(['--output', '--proxy', '--cert', '--key', '--cacert', '--capath', '--connect-timeout', '--retry', '--resolve', '--write-out', '--cookie-jar', '--interface', '--limit-rate', '--range', '--ciphers', '--proxy-user', '--config', '--dump-header', '--max-redirs', '--connect-to', '--noproxy', '--retry-delay', '--tls-max', '--unix-socket', '--cert-type', '--key-type', '--pass', '--aws-sigv4', '--preproxy', '--proxy-header', '--socks4', '--socks5', '--socks5-hostname', '--netrc-file', '--trace', '--trace-ascii', '--stderr', '--output-dir', '--speed-limit', '--speed-time', '--max-filesize', '--keepalive-time', '--local-port', '--dns-servers', '--doh-url', '--crlfile', '--pinnedpubkey', '--curves', '--tls13-ciphers', '--proto', '--proto-default', '--proto-redir', '--request-target', '--retry-max-time', '--time-cond', '--variable', '--etag-save', '--etag-compare', '--expect100-timeout', '--happy-eyeballs-timeout-ms', '--parallel-max', '--rate', '--continue-at', '--ftp-port', '--engine', '--krb', '--login-options', '--sasl-authzid', '--service-name', '--create-file-mode', '--hsts', '--alt-svc'])
const SHORT_VALUED: Record<string, string> = { o: '--output', x: '--proxy', E: '--cert', w: '--write-out', c: '--cookie-jar', r: '--range', y: '--speed-time', Y: '--speed-limit', z: '--time-cond', C: '--continue-at', U: '--proxy-user', K: '--config', D: '--dump-header' }
/** These are of no consequence for a load test: nothing is said of them. */
const QUIET = new Set(['--silent', '--show-error', '--verbose', '--include', '--compressed', '--globoff', '--progress-bar', '--no-progress-meter', '--output', '--write-out', '--fail', '--fail-with-body', '--dump-header', '--no-buffer', '--remote-name', '--remote-header-name', '--create-dirs', '--output-dir', '--trace', '--trace-ascii', '--trace-time', '--stderr', '--styled-output', '--path-as-is', '--ipv4', '--ipv6', '--disable', '--parallel'])
const SHORT_QUIET = 'sSvigfNOJqZ46#'

function read(words: string[]): Read {
  const out: Read = { url: '', method: '', headers: [], data: [], form: [], user: '', digest: false, query: false, queries: [], json: false, head: false, follow: false, version: '', seconds: 0, left: [] }
  const rest = [...words]
  while (rest.length) {
    const word = rest.shift()!
    if (word.startsWith('--') && word.length > 2) {
      const [name, ...value] = word.split('=')
      long(out, name!, value.length ? [value.join('=')] : rest)
    } else if (word.startsWith('-') && word.length > 1) short(out, word.slice(1), rest)
    else if (word.trim() && word !== '--') address(out, word)
    // What follows is another request.
    if (word === '--next' || word === '-:') break
  }
  return out
}

function address(out: Read, word: string): void {
  if (out.url) out.left.push(word)
  else out.url = word
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
  if (line.startsWith('@')) {
    file(out, '--header', line)
    return
  }
  const at = line.indexOf(':')
  if (at > 0 && line.slice(at + 1).trim()) out.headers.push([line.slice(0, at).trim(), line.slice(at + 1).trim()])
  else if (at < 0 && line.trim().endsWith(';')) out.headers.push([line.trim().slice(0, -1), ''])
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
  const sign = /^[@<]/.exec(value)?.[0] ?? ''
  const { content, ...said } = unquoted(value.slice(sign.length))
  if (!sign) return void out.form.push({ name, value: content, ...said })
  out.left.push(`--form ${text}`)
  return void out.form.push(sign === '<' ? { name, value: '', ...said } : { name, value: '', filename: content.split(/[\\/]/).at(-1)!, ...said })
}

/** Those that the service computes. */
const COMPUTED = new Set(['content-length', 'transfer-encoding', 'host', 'connection', 'accept-encoding'])

function stepOf(found: Read): Step {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(found.url) || found.url.startsWith('{{') || found.url.startsWith('/') ? found.url : `http://${found.url}`
  const sent = found.data.length > 0 || found.form.length > 0
  const method = found.method || (found.head ? 'HEAD' : sent && !found.query ? 'POST' : 'GET')
  const joined = found.data.join('&')
  const asked = [...(found.query && joined ? [joined] : []), ...found.queries].join('&')
  const query = asked && (url.includes('?') ? '&' : '?') + asked
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
    return { request: { multipart: found.form }, drop: true }
  }
  if (!joined) return { request: {}, drop: false }
  const given = found.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  const type = given.toLowerCase()
  const parts = type.startsWith('multipart/form-data') ? multipartOf(given, joined) : null
  if (parts) {
    // Browsers copy the names of files, not what is in them.
    found.left.push(...parts.flatMap(({ name, filename, value }) => (filename !== undefined && !value ? [`${name}=@${filename}`] : [])))
    return { request: { multipart: parts }, drop: true }
  }
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
