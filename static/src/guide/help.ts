/** What the guide says about a field: its row in a table, else the sentence that begins with it or names it. */
import { type Block, blocks, type Inline, plain } from './markdown'

interface HelpText {
  text: string
  /** The heading it stands below. */
  id: string
}

export interface Help {
  /** By field; where the first column is named by a field, by both: `type:regex`. */
  rows: ReadonlyMap<string, HelpText>
  sentences: readonly (HelpText & { codes: readonly string[]; first: string | null })[]
}

const BETWEEN = /^[\s,、，·…/]*$/
const END = /(?<=[.。；])\s*(?=\S)/u

/** The names in the first cell of a row; none where it holds other words. */
function keysOf(cell: readonly Inline[]): string[] {
  const words = cell.filter((one) => one.kind !== 'code').map((one) => one.text)
  return words.every((text) => BETWEEN.test(text)) ? cell.flatMap((one) => (one.kind === 'code' ? [one.text] : [])) : []
}

function rowsOf(block: Extract<Block, { kind: 'table' }>, id: string): [string, HelpText][] {
  const named = block.head[0]?.find((one) => one.kind === 'code')?.text
  const heads = block.head.map(plain)
  return block.rows.flatMap(([first, ...rest]) => {
    const text = rest.map((cell, i) => (rest.length > 1 && i < rest.length - 1 ? `${heads[i + 1]}: ${plain(cell)}` : plain(cell))).toReversed().join('\n')
    return keysOf(first ?? []).map((key): [string, HelpText] => [named === undefined ? key : `${named}:${key}`, { text, id }])
  })
}

/** A paragraph as its sentences, code kept together. */
function sentencesOf(text: readonly Inline[], id: string): Help['sentences'] {
  // Code is marked so that a full stop within it ends no sentence.
  const codes: string[] = []
  const marked = text.map((one) => (one.kind === 'code' ? `⁅${codes.push(one.text) - 1}⁆` : one.text)).join('')
  return marked.split(END).map((sentence) => {
    const inside = [...sentence.matchAll(/⁅(\d+)⁆/g)].map((match) => codes[Number(match[1])]!)
    const first = sentence.startsWith('⁅') ? inside[0]! : null
    return { text: sentence.replaceAll(/⁅(\d+)⁆/g, (_, at: string) => codes[Number(at)]!), id, codes: inside, first }
  })
}

export function helpIn(source: string): Help {
  const rows = new Map<string, HelpText>()
  const sentences: Help['sentences'][number][] = []
  let id = ''
  for (const block of blocks(source)) {
    if (block.kind === 'heading') id = block.id
    else if (block.kind === 'table') for (const [key, said] of rowsOf(block, id)) rows.set(key, rows.get(key) ?? said)
    else if (block.kind === 'text') sentences.push(...sentencesOf(block.text, id))
  }
  return { rows, sentences }
}

/** The help of a field, or of a field within another: `databases.accounts.host`; null where the guide does not know it. */
export function helpFor({ rows, sentences }: Help, key: string): HelpText | null {
  const found = rows.get(key) ?? rows.get(key.split('.').at(-1)!) ?? sentences.find((one) => one.first === key) ?? sentences.find((one) => one.codes.includes(key)) ?? sentences.find((one) => one.codes.some((code) => code.endsWith(`.${key}`)))
  return found ? { text: found.text, id: found.id } : null
}
