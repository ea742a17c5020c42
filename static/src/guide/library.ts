// The pages of the guide: the files of `docs/`, in both languages, fetched when they are read.
import type { Language } from '@/i18n'

const FILES = import.meta.glob<string>(
  [
    '../../../docs/{first-steps,other-tools,user-guide,projects,data-sources,distributed,performance-score,api,plugin-guide,operations}{,.zh-CN}.md',
    '../../../docs/{protocols,data-sources}/*.md',
  ],
  { query: '?url', import: 'default', eager: true },
)

export const DOCS = [
  'first-steps', 'other-tools', 'user-guide', 'projects', 'protocols/http', 'protocols/websocket', 'protocols/grpc', 'protocols/tcp', 'protocols/udp',
  'data-sources', 'data-sources/csv', 'data-sources/database', 'data-sources/api', 'data-sources/generator', 'data-sources/pool',
  'distributed', 'performance-score', 'operations', 'plugin-guide', 'api',
] as const

/** Where pages and dialogs lead: the page of the guide, and its heading in both languages. */
export const CHAPTERS = {
  overview: ['projects', 'overview', '概览'],
  projects: ['projects', 'projects-and-people', '项目与人员'],
  members: ['projects', 'members-and-roles', '成员与角色'],
  envs: ['projects', 'environments', '测试环境'],
  files: ['projects', 'data-files', '数据文件'],
  presets: ['projects', 'presets', '预设'],
  projectFile: ['projects', 'the-project-as-a-file', '项目文件'],
  users: ['projects', 'users', '用户'],
  scenes: ['user-guide', 'scenes', '业务流'],
  plans: ['user-guide', 'load-profiles', '负载模型'],
  thresholds: ['user-guide', 'thresholds-and-verdict', '阈值与结论'],
  outside: ['user-guide', 'values-from-outside', '外部传入的值'],
  data: ['data-sources', 'test-data', '测试数据'],
  rows: ['data-sources', 'who-gets-which-row', '谁取得哪一行'],
  manyNodes: ['distributed', 'many-processes-many-machines', '多进程与多机'],
  steering: ['user-guide', 'changing-the-load-by-hand', '手动调整负载'],
  pause: ['user-guide', 'pause-and-resume', '暂停与恢复'],
  pins: ['user-guide', 'pins', '标记'],
  tokens: ['api', 'api-tokens', 'api-令牌'],
  together: ['api', 'editing-together', '多人编辑'],
  report: ['user-guide', 'the-report', '报告'],
  nodes: ['distributed', 'looking-at-nodes', '查看节点'],
  plugins: ['plugin-guide', 'when-it-does-not-work', '不工作的时候'],
} as const satisfies Record<string, readonly [(typeof DOCS)[number], string, string]>
export type Chapter = keyof typeof CHAPTERS

/** The page and the heading of a chapter. */
export function chapter(key: Chapter, language: Language): { doc: string; hash: string } {
  const [doc, english, chinese] = CHAPTERS[key]
  return { doc, hash: `#${language === 'zh' ? chinese : english}` }
}

const texts = new Map<string, Promise<string>>()

/** A page of the guide; the English one where there is no other. Raise TypeError when it cannot be fetched. */
export function read(doc: string, language: Language): Promise<string> {
  const base = `../../../docs/${doc}`
  const url = (language === 'zh' ? FILES[`${base}.zh-CN.md`] : undefined) ?? FILES[`${base}.md`]
  if (url === undefined) return Promise.reject(new TypeError(doc))
  let text = texts.get(url)
  if (text === undefined) {
    text = fetch(url).then((reply) => reply.text())
    texts.set(url, text)
  }
  return text
}

/** The page and the heading that a link of a page leads to; null for what is not in the guide. */
export function target(link: string, from: string): { doc: string; hash: string } | null {
  if (/^[a-z]+:/i.test(link)) return null
  const [path, anchor] = link.split('#')
  const hash = anchor ? `#${anchor}` : ''
  if (!path) return { doc: from, hash }
  const parts = from.split('/').slice(0, -1)
  for (const part of path.replace(/(\.zh-CN)?\.md$/, '').split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  const doc = parts.join('/')
  return (DOCS as readonly string[]).includes(doc) ? { doc, hash } : null
}
