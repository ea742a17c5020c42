/** The guide's Markdown as blocks: what its pages use of it, and nothing else. */
export type Inline = { text: string; kind: 'plain' | 'code' | 'strong' | 'em' } | { text: string; kind: 'link'; to: string }

export type Block =
  | { kind: 'heading'; level: number; text: Inline[]; id: string }
  | { kind: 'text'; text: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'list'; ordered: boolean; items: Inline[][] }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[((?:`[^`]*`|[^\]])+)\]\(([^)\s]+)\)|<(https?:[^>\s]+)>|(?<![\w*])\*([^\s*](?:[^*]*[^\s*])?)\*(?![\w*])/g

function inlines(source: string): Inline[] {
  const found: Inline[] = []
  let at = 0
  for (const match of source.matchAll(INLINE)) {
    if (match.index > at) found.push({ text: source.slice(at, match.index), kind: 'plain' })
    if (match[1] !== undefined) found.push({ text: match[1], kind: 'code' })
    else if (match[2] !== undefined) found.push({ text: match[2], kind: 'strong' })
    else if (match[6] !== undefined) found.push({ text: match[6], kind: 'em' })
    else if (match[5] !== undefined) found.push({ text: match[5], kind: 'code' })
    else found.push({ text: match[3]!.replaceAll('`', ''), kind: 'link', to: match[4]! })
    at = match.index + match[0].length
  }
  if (at < source.length) found.push({ text: source.slice(at), kind: 'plain' })
  return found
}

/** The words without their marks. */
export function plain(text: readonly Inline[]): string {
  return text.map((one) => one.text).join('')
}

/** The anchor of a heading, as Git hosts make it. */
export function anchorOf(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{M}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-')
}

const cells = (line: string) => line.replace(/^\||\|$/g, '').split(/(?<!\\)\|/).map((cell) => inlines(cell.trim().replaceAll('\\|', '|')))
const BULLET = /^\s*(?:[-*]|(\d+)\.)\s+(.*)$/

export function blocks(source: string): Block[] {
  const lines = source.split('\n')
  const found: Block[] = []
  let at = 0
  const many = (fits: (line: string) => boolean) => {
    const taken: string[] = []
    while (at < lines.length && fits(lines[at]!)) taken.push(lines[at++]!)
    return taken
  }
  while (at < lines.length) {
    const line = lines[at]!
    if (line.trim() === '') at++
    else if (line.startsWith('```')) {
      at++
      found.push({ kind: 'code', text: many((one) => !one.startsWith('```')).join('\n') })
      at++
    } else if (/^#{1,6} /.test(line)) {
      at++
      found.push(heading(line))
    } else if (line.startsWith('|')) found.push(table(many((one) => one.startsWith('|'))))
    else if (BULLET.test(line)) found.push(list(many((one) => BULLET.test(one) || /^\s{2,}\S/.test(one))))
    else found.push({ kind: 'text', text: inlines(many((one) => one.trim() !== '' && !/^(#|\||```)/.test(one) && !BULLET.test(one)).join(' ')) })
  }
  return found
}

function heading(line: string): Block {
  const level = /^#+/.exec(line)![0].length
  const text = inlines(line.slice(level).trim())
  return { kind: 'heading', level, text, id: anchorOf(plain(text)) }
}

function table(lines: string[]): Block {
  const [head, , ...rows] = lines
  return { kind: 'table', head: cells(head!), rows: rows.map(cells) }
}

function list(lines: string[]): Block {
  const items: string[] = []
  for (const line of lines) {
    const match = BULLET.exec(line)
    if (match) items.push(match[2]!)
    else items.push(`${items.pop() ?? ''} ${line.trim()}`)
  }
  return { kind: 'list', ordered: /^\s*\d/.test(lines[0]!), items: items.map(inlines) }
}

export interface Section {
  title: string
  id: string
  text: string
  /** What its tables are about, and the names that they explain. */
  keys: string[]
  /** The first of its numbered steps, where that is in bold. */
  lead: string
}

/** The parts below each heading, as words to search in. */
export function sections(source: string): Section[] {
  const found: Section[] = []
  for (const block of blocks(source)) {
    if (block.kind === 'heading') found.push({ title: plain(block.text), id: block.id, text: '', keys: [], lead: '' })
    const section = found.at(-1)
    if (!section || block.kind === 'heading') continue
    section.text += ` ${wordsOf(block)}`
    if (block.kind === 'table') section.keys.push(...keysOf(block))
    if (block.kind === 'list' && block.ordered) section.lead ||= leadOf(block.items[0]!)
  }
  return found
}

function leadOf([first]: Inline[]): string {
  return first?.kind === 'strong' ? first.text.replace(/[.。]$/, '').toLowerCase() : ''
}

function keysOf({ head, rows }: Extract<Block, { kind: 'table' }>): string[] {
  const codes = rows.flatMap(([first]) => (first ?? []).flatMap((one) => (one.kind === 'code' ? [one.text] : [])))
  return [plain(head[0] ?? []), ...codes].map((key) => key.toLowerCase())
}

function wordsOf(block: Block): string {
  if (block.kind === 'code') return block.text
  if (block.kind === 'list') return block.items.map(plain).join(' ')
  if (block.kind === 'table') return [block.head, ...block.rows].map((row) => row.map(plain).join(' ')).join(' ')
  return plain(block.text)
}
