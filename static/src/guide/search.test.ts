import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { guide as en } from '@/i18n/en/guide'
import { guide as zh } from '@/i18n/zh/guide'
import { sections } from './markdown'
import { type Page, search } from './search'

const DOCS = ['first-steps', 'user-guide', 'protocols/http', 'protocols/websocket', 'protocols/grpc', 'data-sources', 'data-sources/csv', 'data-sources/database', 'distributed', 'performance-score', 'operations', 'plugin-guide', 'api']
const pagesIn = (end: string, names: Record<string, string>): Page[] =>
  DOCS.map((doc) => ({ doc, name: names[doc.replaceAll(/[-/](\w)/g, (_, letter: string) => letter.toUpperCase())]!, sections: sections(readFileSync(new URL(`../../../docs/${doc}${end}.md`, import.meta.url), 'utf8')) }))

describe('what is looked for in the guide is found first', () => {
  const english = pagesIn('', en.page)
  it.each([
    ['think time', 'user-guide#think-time'],
    ['upload file', 'data-sources/csv#data-files'],
    ['assertion', 'user-guide#checks'],
    ['client certificate', 'user-guide#certificates'],
    ['thresholds', 'user-guide#thresholds-and-verdict'],
    ['extract token', 'user-guide#extractors'],
    ['breaking point', 'user-guide#staircase-breaking-point-target'],
    ['exit code', 'user-guide#running-from-a-terminal'],
    ['cookies', 'protocols/http#options'],
    ['csv encoding', 'data-sources/csv#csv'],
    ['WebSocket', 'protocols/websocket#websocket'],
  ])('%s', (words, place) => {
    const [first] = search(english, words)
    expect(`${first?.doc}#${first?.id}`).toBe(place)
  })

  const chinese = pagesIn('.zh-CN', zh.page)
  it.each([
    ['思考时间', 'user-guide#思考时间'],
    ['上传文件', 'data-sources/csv#数据文件'],
    ['断言', 'user-guide#检查点'],
    ['参数化', 'data-sources#测试数据'],
    ['关联', 'user-guide#变量提取'],
    ['阈值', 'user-guide#阈值与结论'],
    ['拐点', 'user-guide#阶梯极限与目标'],
    ['退出码', 'user-guide#在终端中运行'],
    ['响应时间', 'user-guide#两种响应时间'],
    ['乱码', 'data-sources/csv#csv'],
    ['多台机器', 'distributed#多进程与多机'],
  ])('%s', (words, place) => {
    const [first] = search(chinese, words)
    expect(`${first?.doc}#${first?.id}`).toBe(place)
  })

  it('is not found for words that are nowhere, nor for none', () => {
    expect(search(english, 'frobnicate')).toEqual([])
    expect(search(english, '  ')).toEqual([])
  })
  it('is shown with the words around it', () => {
    expect(search(english, 'think time')[0]?.excerpt.toLowerCase()).toContain('think')
  })
})
