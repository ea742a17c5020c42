// The pages of the guide: the files of `docs/`, in both languages, fetched when they are read.
import type { Language } from '@/i18n'

const FILES = import.meta.glob<string>(
  [
    '../../../docs/{first-steps,user-guide,data-sources,distributed,performance-score,api,plugin-guide,operations}{,.zh-CN}.md',
    '../../../docs/{protocols,data-sources}/*.md',
  ],
  { query: '?url', import: 'default', eager: true },
)

export const DOCS = [
  'first-steps', 'user-guide', 'protocols/http', 'protocols/websocket', 'protocols/grpc', 'protocols/tcp', 'protocols/udp',
  'data-sources', 'data-sources/csv', 'data-sources/database', 'data-sources/api', 'data-sources/generator', 'data-sources/pool',
  'distributed', 'performance-score', 'operations', 'plugin-guide', 'api',
] as const

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
