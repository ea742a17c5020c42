/** Search over the guide: the part that is about the words comes first, not the first part that has them. */
import type { Section } from './markdown'

export interface Page {
  doc: string
  /** What the page is called. */
  name: string
  sections: readonly Section[]
}

export interface Hit {
  doc: string
  title: string
  id: string
  excerpt: string
}

const AROUND = 60
const MOST = 60
const CJK = /[\u3400-\u9fff]/u
/** Other words for the same, in both languages: what testers call it elsewhere, and what the guide calls it. */
const SAME: readonly (readonly string[])[] = [
  ['assert', 'assertion', 'check'],
  ['correlation', 'correlate', 'extract', 'extractor'],
  ['vu', 'virtual user', 'concurrency', 'concurrent', 'thread'],
  ['tps', 'qps', 'rps', 'throughput'],
  ['rt', 'latency', 'response time'],
  ['percentile', 'p95', 'p99', 'tp95', 'tp99'],
  ['sla', 'slo', 'threshold'],
  ['ramp', 'ramp-up', 'ramp_up_time', 'stage'],
  ['breaking point', 'maximum load', 'highest load', 'capacity', 'limit of'],
  ['cluster', 'distributed', 'agent', 'several machines'],
  ['param', 'parameterize', 'parameterise', 'test data', 'data source'],
  ['jenkins', 'pipeline', 'ci'],
  ['encoding', 'garbled', 'mojibake'],
  ['cookie', 'cookies'],
  ['timeout', 'time-out', 'request_timeout'],
  ['import', 'export', 'project file'],
  ['token', '令牌'],
  ['乱码', '编码', 'encoding'],
  ['代理', 'proxy'],
  ['超时', 'timeout', 'request_timeout'],
  ['证书', 'ca', 'certificate'],
  ['导入', '导出', '项目文件'],
  ['断言', '检查'],
  ['关联', '提取'],
  ['参数化', '测试数据', '数据源'],
  ['并发', '虚拟用户', '用户数'],
  ['吞吐量', 'tps', 'qps', 'rps'],
  ['响应时间', '延迟', '耗时'],
  ['百分位', '分位', 'p95', 'p99', 'tp99'],
  ['阈值', '通过标准', '通过条件'],
  ['加压', '阶梯', '梯度', '阶段'],
  ['拐点', '极限', '最大负载', '找极限'],
  ['分布式', '压测机', '执行节点', '多台机器'],
  ['思考时间', '等待时间', 'think_time'],
  ['流水线', 'jenkins', 'ci'],
  ['场景', '业务流'],
]

/** Pages for testers before those for authors of plugins and programs. */
const WEIGHT: Readonly<Record<string, number>> = { 'first-steps': 1.15, 'user-guide': 1.3, 'protocols/http': 1.15, api: 0.75, 'plugin-guide': 0.6, operations: 0.9 }

/** Words that say nothing of what is looked for. */
const EMPTY = new Set(['a', 'an', 'and', 'by', 'do', 'for', 'from', 'how', 'i', 'in', 'is', 'my', 'of', 'on', 'the', 'to', 'with'])

/** A word without its English ending, so that “uploads” is found by “uploading”. */
function stem(word: string): string {
  return CJK.test(word) || word.length < 5 ? word : word.replace(/(ies|ing|ed|es|s|e)$/, '')
}

/** Every way to write one of the words that were typed; the first is as typed. */
function waysOf(word: string): string[] {
  const same = SAME.filter((group) => group.includes(word) || group.includes(stem(word)))
  return [...new Set([stem(word), ...same.flat().map(stem)])]
}

/** A word in parts of two letters where its writing has no spaces: most words of Chinese have two. */
function parts(word: string): string[] {
  if (!CJK.test(word) || word.length < 4 || SAME.some((group) => group.includes(word))) return [word]
  const step = word.length % 2 === 0 ? 2 : 1
  return Array.from({ length: Math.ceil((word.length - 1) / step) }, (_, i) => word.slice(i * step, i * step + 2))
}

function termsOf(query: string): string[][] {
  if (SAME.some((group) => group.includes(query))) return [waysOf(query)]
  const words = query.split(/\s+/).filter(Boolean)
  const telling = words.filter((word) => !EMPTY.has(word))
  return (telling.length ? telling : words).flatMap(parts).map(waysOf)
}

function times(text: string, word: string): number {
  if (!word) return 0
  // A short Latin word begins a word, or is one: “ci” is neither in “decide” nor in “circle”.
  if (word.length <= 3 && /^[a-z0-9]+$/.test(word)) return [...text.matchAll(new RegExp(`(?<![a-z0-9])${word}${word.length < 3 ? '(?![a-z0-9])' : ''}`, 'g'))].length
  return text.split(word).length - 1
}

/** How much of a text is about a word: occurrences, less in a longer text. */
const density = (count: number, length: number) => (count === 0 ? 0 : (1 + Math.log2(count)) / Math.log2(16 + length / 40))

interface Looked {
  title: string
  text: string
  name: string
  /** What its tables explain, such as the options of a protocol. */
  keys: readonly string[]
}

/** How well one term fits: as typed, or by another word at less. */
function fit({ title, text, name, keys }: Looked, ways: readonly string[]): number {
  const scores = ways.map((word, i) => {
    const inTitle = times(title, word) > 0 ? 6 + (12 * word.length) / Math.max(title.length, word.length) : 0
    const inName = times(name, word) > 0 ? 3 : 0
    const explained = keys.some((key) => key === word || stem(key) === word) ? 8 : 0
    return (inTitle + inName + explained + 6 * density(times(text, word), text.length)) * (i === 0 ? 1 : 0.55)
  })
  return Math.max(0, ...scores)
}

function score(looked: Looked, query: string, terms: readonly string[][]): number {
  const fits = terms.map((ways) => fit(looked, ways))
  const found = fits.filter((one) => one > 0).length
  if (found === 0) return 0
  const explained = terms.length > 1 && looked.keys.includes(query) ? 12 : 0
  const phrase = terms.length > 1 && (looked.title.includes(query) || looked.text.includes(query)) ? 6 : 0
  const sum = fits.reduce((all, one) => all + one, 0) / terms.length
  // Where a word is missing, what has them all comes first.
  return (sum + phrase + explained) * (found / terms.length) ** 1.5
}

/** What stands around a place, without the words that are cut. */
function excerpt(whole: string, terms: readonly string[][]): string {
  const lower = whole.toLowerCase()
  const place = terms.flat().map((word) => ({ at: lower.indexOf(word), length: word.length })).find(({ at }) => at >= 0)
  if (!place) return whole.trim().slice(0, 2 * AROUND).replace(/\s\S*$/, '')
  const { at, length } = place
  const before = whole.slice(Math.max(0, at - AROUND), at).replace(at > AROUND ? /^\S*\s/ : '', '')
  const after = whole.slice(at, at + length + AROUND)
  return (before + (at + length + AROUND < whole.length ? after.replace(/\s\S*$/, '') : after)).trim()
}

export function search(pages: readonly Page[], typed: string): Hit[] {
  const query = typed.trim().toLowerCase()
  const terms = termsOf(query)
  if (!terms.length) return []
  const found = pages.flatMap(({ doc, name, sections }) =>
    sections.map((section, i) => {
      const looked = { title: section.title.toLowerCase(), text: section.text.toLowerCase(), name: name.toLowerCase(), keys: section.keys }
      const whole = i === 0 && looked.name === query ? 20 : 0
      return { doc, section, points: (whole + score(looked, query, terms)) * (WEIGHT[doc] ?? 1) }
    }),
  )
  const best = found.filter(({ points }) => points > 0).toSorted((a, b) => b.points - a.points)
  const least = (best[0]?.points ?? 0) * 0.1
  return best
    .filter(({ points }) => points >= least)
    .slice(0, MOST)
    .map(({ doc, section }) => ({ doc, title: section.title, id: section.id, excerpt: excerpt(section.text, terms) }))
}
