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
  ['vu', 'vus', 'virtual user', 'concurrency', 'concurrent', 'thread', 'number of users'],
  ['tps', 'qps', 'rps', 'throughput'],
  ['rt', 'latency', 'response time'],
  ['coordinated omission', 'two latencies', 'planned start'],
  ['percentile', 'p95', 'p99', 'tp95', 'tp99'],
  ['sla', 'slo', 'threshold'],
  ['pass criteria', 'pass or fail', 'threshold'],
  ['ramp', 'ramp up', 'ramp-up', 'ramp_up_time', 'stage'],
  ['spike', 'soak', 'soak test', 'stress test', 'load profile'],
  ['breaking point', 'maximum load', 'max throughput', 'highest load', 'capacity', 'limit of'],
  ['spawn rate', 'ramp-up', 'ramp_up_time'],
  ['wait time', 'wait_time', 'sleep', 'pause between requests', 'think time', 'timer'],
  ['cluster', 'distributed', 'agent', 'several machines', 'master worker', 'master', 'worker', 'slave', 'remote server'],
  ['docker', 'container', 'kubernetes'],
  ['param', 'parameterize', 'parameterise', 'parametrize', 'test data', 'data source'],
  ['csv data set', 'feeder', 'csv'],
  ['jenkins', 'pipeline', 'gitlab', 'github actions', 'ci'],
  ['headless', 'cli', 'command line', 'non-gui', 'terminal'],
  ['dashboard', 'grafana', 'monitoring', 'prometheus'],
  ['retention', 'clean up', 'cleanup', 'old runs', 'disk space', 'keep runs', 'runs that are kept'],
  ['compare runs', 'comparison', 'baseline', 'regression', 'trend', 'comparing'],
  ['scenario weight', 'weight', 'traffic mix'],
  ['encoding', 'garbled', 'mojibake'],
  ['cookie', 'cookies'],
  ['keep alive', 'keep-alive', 'keep_alive', 'connection reuse', 'persistent connection'],
  ['timeout', 'time-out', 'request_timeout'],
  ['upload', 'uploaded', 'data file'],
  ['import', 'export', 'project file', 'as a file'],
  ['debug', 'dry run', 'trial', 'trying'],
  ['record', 'recorder', 'har', 'curl command'],
  ['transaction', 'group'],
  ['jdbc', 'database'],
  ['mqtt', 'kafka', 'graphql', 'plugin'],
  ['sign in', 'login', 'log in', 'signin'],
  ['token', '令牌'],
  ['乱码', '编码', 'encoding'],
  ['代理', 'proxy'],
  ['超时', 'timeout', 'request_timeout'],
  ['证书', 'ca', 'certificate'],
  ['上传', '上传文件', '数据文件'],
  ['导入', '导出', '项目文件'],
  ['断言', '检查点', '检查'],
  ['关联', '提取器', '提取'],
  ['参数化', '测试数据', '数据源'],
  ['并发', '并发数', '线程数', '虚拟用户', '用户数'],
  ['吞吐量', 'tps', 'qps', 'rps'],
  ['响应时间', '延迟', '耗时'],
  ['百分位', '分位', 'p95', 'p99', 'tp99'],
  ['阈值', '通过标准', '通过条件', '失败率'],
  ['加压', '阶梯', '阶梯加压', '梯度', '阶段'],
  ['稳定性测试', '压力测试', '浪涌', '秒杀', '负载模型'],
  ['拐点', '极限', '最大负载', '最大吞吐', '寻找极限', '找极限'],
  ['分布式', '压测机', '执行节点', '多台机器', '集群', '多进程与多机'],
  ['容器', 'docker', 'kubernetes'],
  ['思考时间', '等待时间', '定时器', 'think_time'],
  ['流水线', '持续集成', 'jenkins', 'ci'],
  ['命令行', '终端', '无界面'],
  ['监控', '看板', 'prometheus', 'grafana'],
  ['清理', '清理数据', '保留时间', '保留多久', '磁盘空间', '数据的保留'],
  ['对比', '基线', '趋势', '比较'],
  ['录制', '抓包', 'curl'],
  ['调试', '试运行'],
  ['事务', '分组'],
  ['长连接', 'keep_alive'],
  ['前置', '初始化', 'setup'],
  ['场景', '业务流'],
]

/** Pages for testers before those for authors of plugins and programs. */
const WEIGHT: Readonly<Record<string, number>> = { 'first-steps': 1.15, 'other-tools': 0.95, 'user-guide': 1.3, 'protocols/http': 1.15, api: 0.75, 'plugin-guide': 0.6, operations: 0.9, projects: 1.25 }

/** Lower case, and versions of protocols as they are typed: “HTTP/2” is “http2”. */
const plainly = (text: string) => text.toLowerCase().replaceAll(/http\/(?=\d)/g, 'http')

/** Words that say nothing of what is looked for. */
const EMPTY = new Set(['a', 'an', 'and', 'by', 'do', 'for', 'from', 'how', 'i', 'in', 'is', 'my', 'of', 'on', 'the', 'to', 'with'])

/** A word without its English ending, so that “uploads” is found by “uploading”. */
function stem(word: string): string {
  return CJK.test(word) || word.length < 5 ? word : word.replace(/(ies|ing|ed|es|s|e)$/, '')
}

/** Where a known word begins in what is typed; whole words only where its writing has spaces. */
function placeOf(known: string, query: string): number {
  if (CJK.test(known)) return query.indexOf(known)
  return query.search(new RegExp(`(?<![a-z0-9])${known.replaceAll(/[^a-z0-9 ]/g, String.raw`\$&`)}(?![a-z0-9])`))
}
const KNOWN = [...new Set(SAME.flat())].toSorted((a, b) => b.length - a.length)

/** What is typed, with the known words of several parts kept together, the longest first. */
function wordsIn(query: string): string[] {
  const known = KNOWN.find((word) => (word.includes(' ') || CJK.test(word)) && placeOf(word, query) >= 0)
  if (known === undefined) return query.split(/\s+|(?<=[a-z0-9])(?=[\u3400-\u9fff])|(?<=[\u3400-\u9fff])(?=[a-z0-9])/u).filter(Boolean)
  const at = placeOf(known, query)
  return [...wordsIn(query.slice(0, at)), known, ...wordsIn(query.slice(at + known.length))]
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
  const words = wordsIn(query)
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
  lead: string
}

/** How well one term fits: as typed, or by another word at less. */
function fit({ title, text, name, keys }: Looked, ways: readonly string[], alone: boolean): number {
  const scores = ways.map((word, i) => {
    const inTitle = times(title, word) > 0 ? 6 + (12 * word.length) / Math.max(title.length, word.length) : 0
    const inName = times(name, word) > 0 ? 3 : 0
    const explained = keys.some((key) => key === word || stem(key) === word) ? (alone ? 8 : 3) : 0
    return (inTitle + inName + explained + 6 * density(times(text, word), text.length)) * (i === 0 ? 1 : 0.55)
  })
  return Math.max(0, ...scores)
}

function score(looked: Looked, query: string, terms: readonly string[][]): number {
  const fits = terms.map((ways) => fit(looked, ways, terms.length === 1))
  const found = fits.filter((one) => one > 0).length
  if (found === 0) return 0
  const explained = terms.length > 1 && looked.keys.includes(query) ? 12 : 0
  // How to begin is asked with the word of a first step.
  const begun = looked.lead !== '' && (terms[0] ?? []).includes(stem(looked.lead)) && terms.length === 1 ? 18 : 0
  const phrase = terms.length > 1 && (looked.title.includes(query) || looked.text.includes(query)) ? 6 : 0
  const sum = fits.reduce((all, one) => all + one, 0) / terms.length
  // Where a word is missing, what has them all comes first.
  return (sum + phrase + explained + begun) * (found / terms.length) ** 1.5
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
  const query = plainly(typed.trim())
  const terms = termsOf(query)
  if (!terms.length) return []
  const found = pages.flatMap(({ doc, name, sections }) =>
    sections.map((section, i) => {
      const looked = { title: plainly(section.title), text: plainly(section.text), name: name.toLowerCase(), keys: section.keys, lead: section.lead }
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
