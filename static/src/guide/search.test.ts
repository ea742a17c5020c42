import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { guide as en } from '@/i18n/en/guide'
import { guide as zh } from '@/i18n/zh/guide'
import { DOCS } from './library'
import { sections } from './markdown'
import { type Page, search } from './search'

const text = (doc: string, end: string) => readFileSync(new URL(`../../../docs/${doc}${end}.md`, import.meta.url), 'utf8')
/** A page that there is in one language only stands for both. */
function textOf(doc: string, end: string): string {
  try {
    return text(doc, end)
  } catch {
    return text(doc, '')
  }
}
const pagesIn = (end: string, names: Record<string, string>): Page[] =>
  DOCS.map((doc) => ({ doc, name: names[doc.replaceAll(/[-/](\w)/g, (_, letter: string) => letter.toUpperCase())]!, sections: sections(textOf(doc, end)) }))

const ENGLISH = [
  ['think time', 'user-guide#think-time'],
  ['upload file', 'projects#data-files'],
  ['sign in', 'first-steps#in-the-browser'],
  ['login', 'first-steps#in-the-browser'],
  ['assertion', 'user-guide#checks'],
  ['client certificate', 'user-guide#certificates'],
  ['thresholds', 'user-guide#thresholds-and-verdict'],
  ['extract token', 'other-tools#log-in-once-per-user-and-keep-the-token'],
  ['breaking point', 'user-guide#staircase-breaking-point-target'],
  ['exit code', 'user-guide#running-from-a-terminal'],
  ['cookies', 'protocols/http#options'],
  ['csv encoding', 'data-sources/csv#csv'],
  ['WebSocket', 'protocols/websocket#websocket'],
  ['export project', 'projects#the-project-as-a-file'],
  ['retention', 'operations#retention'],
  ['delete old runs', 'operations#retention'],
  ['thread group', 'other-tools#terms'],
  ['listener', 'other-tools#terms'],
  ['locust', 'other-tools#coming-from-k6-jmeter-locust-or-gatling'],
  ['csv data set', 'data-sources/csv#csv'],
  ['headless', 'user-guide#running-from-a-terminal'],
  ['wait_time', 'user-guide#think-time'],
  ['master worker', 'distributed#on-several-machines'],
  ['docker', 'distributed#on-kubernetes'],
  ['gitlab', 'first-steps#in-ci'],
  ['keep alive', 'protocols/http#options'],
  ['http2', 'protocols/http#http2-by-our-own-client'],
  ['jdbc', 'data-sources/database#database'],
  ['soak test', 'user-guide#load-profiles'],
  ['coordinated omission', 'user-guide#two-latencies'],
  ['grafana', 'operations#monitoring'],
  ['debug', 'user-guide#trying-a-scene-in-the-web-ui'],
  ['transaction', 'user-guide#scenes'],
  ['regex extractor', 'user-guide#extractors'],
  ['status codes', 'user-guide#checks'],
  ['kafka', 'plugin-guide#plugin-guide'],
  ['add member', 'projects#members-and-roles'],
  ['reset password', 'operations#lost-passwords'],
  ['compare runs', 'user-guide#comparing-runs'],
  ['baseline', 'user-guide#comparing-runs'],
  ['change load while running', 'user-guide#changing-the-load-by-hand'],
  ['hmac', 'user-guide#signatures'],
  ['backup', 'operations#backup'],
  ['unique rows', 'data-sources#who-gets-which-row'],
  ['arrival rate', 'user-guide#arrivals'],
  ['bearer token', 'api#api-tokens'],
  ['k6', 'other-tools#coming-from-k6-jmeter-locust-or-gatling'],
  ['gatling', 'other-tools#coming-from-k6-jmeter-locust-or-gatling'],
  ['jmx', 'other-tools#what-there-is-not'],
  ['constant-arrival-rate', 'other-tools#send-so-many-requests-per-second-however-slow-the-target-is'],
  ['import', 'projects#the-project-as-a-file'],
] as const
const CHINESE = [
  ['思考时间', 'user-guide#思考时间'],
  ['上传文件', 'projects#数据文件'],
  ['断言', 'user-guide#检查点'],
  ['参数化', 'data-sources#测试数据'],
  ['关联', 'user-guide#提取器'],
  ['阈值', 'user-guide#阈值与结论'],
  ['拐点', 'user-guide#阶梯极限与目标'],
  ['退出码', 'user-guide#在终端中运行'],
  ['响应时间', 'user-guide#两种响应时间'],
  ['乱码', 'data-sources/csv#csv'],
  ['多台机器', 'distributed#多进程与多机'],
  ['导出项目', 'projects#项目文件'],
  ['导入', 'projects#项目文件'],
  ['线程组', 'other-tools#术语对应'],
  ['监听器', 'other-tools#术语对应'],
  ['集合点', 'user-guide#业务流'],
  ['定时器', 'user-guide#思考时间'],
  ['线程数', 'user-guide#用户数'],
  ['json提取', 'user-guide#提取器'],
  ['场景', 'user-guide#业务流'],
  ['压力测试', 'user-guide#负载模型'],
  ['阶梯加压', 'user-guide#阶梯极限与目标'],
  ['最大吞吐', 'user-guide#阶梯极限与目标'],
  ['失败率', 'user-guide#阈值与结论'],
  ['流水线', 'first-steps#在-ci-里'],
  ['命令行', 'user-guide#在终端中运行'],
  ['调试', 'user-guide#在-web-界面中试运行'],
  ['容器', 'distributed#使用-kubernetes'],
  ['集群', 'distributed#执行节点'],
  ['证书', 'user-guide#证书'],
  ['长连接', 'protocols/http#选项'],
  ['代理', 'operations#反向代理'],
  ['http2', 'protocols/http#自有客户端的-http2'],
  ['数据库', 'data-sources/database#database'],
  ['权限', 'projects#项目与人员'],
  ['忘记密码', 'operations#忘记密码'],
  ['保留时间', 'operations#数据的保留'],
  ['清理数据', 'operations#数据的保留'],
  ['监控', 'operations#监控'],
  ['备份', 'operations#备份'],
  ['对比', 'user-guide#对比测试'],
  ['趋势', 'user-guide#对比测试'],
  ['令牌', 'api#api-令牌'],
  ['暂停', 'user-guide#暂停与恢复'],
  ['调整负载', 'user-guide#手动调整负载'],
  ['签名', 'user-guide#签名'],
  ['登录', 'first-steps#在浏览器里'],
] as const

describe('what is looked for in the guide is found first', () => {
  const english = pagesIn('', en.page)
  it.each(ENGLISH)('%s', (words, place) => {
    const [first] = search(english, words)
    expect(`${first?.doc}#${first?.id}`).toBe(place)
  })

  const chinese = pagesIn('.zh-CN', zh.page)
  it.each(CHINESE)('%s', (words, place) => {
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
