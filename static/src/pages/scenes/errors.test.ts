import { beforeAll, describe, expect, it } from 'vitest'
import { enWork } from '@/i18n/en-work'
import { i18n } from '@/i18n/engine'
import { language } from '@/i18n'
import { zhWork } from '@/i18n/zh-work'
import { errorName } from '@/parts/errorName'
import { errorTexts } from './errors'

beforeAll(() => {
  i18n.global.setLocaleMessage('zh', zhWork)
  i18n.global.setLocaleMessage('en', enWork)
})
function speak(wanted: 'zh' | 'en'): void {
  language.value = wanted
  i18n.global.locale.value = wanted
}

describe('classes of errors', () => {
  it('are named in Chinese, with what is known of them', () => {
    speak('zh')
    const classes = ['Extract: token', 'Connection Error: refused', 'TLS Error: self-signed certificate', 'TLS Error: bad record', 'Check: json $.a: b', 'Group Failed', 'Response Too Large', 'HTTP 500']
    expect(classes.map(errorName)).toEqual(['没有取到值：token', '连接错误：被拒绝', 'TLS 错误：自签名证书', 'TLS 错误：bad record', '检查点未通过：json $.a: b', '分组未通过', '响应过大', 'HTTP 500'])
  })

  it('keep their names in English', () => {
    speak('en')
    expect(['Extract: token', 'Connection Error: refused', 'Plugin Error: KeyError'].map(errorName)).toEqual(['Extract: token', 'Connection Error: refused', 'Plugin Error: KeyError'])
  })
})

describe('what a trial says of an error', () => {
  it('is what to look at, and beneath it what was found', () => {
    speak('zh')
    expect(errorTexts({ class: 'Extract: token', message: 'there is no $.tokn', message_zh: '没有 $.tokn' })).toEqual({ main: '没有找到 {{token}} 的值，请对照响应检查它的路径。', detail: '没有 $.tokn' })
    expect(errorTexts({ class: 'Connection Error: refused', message: '[Errno 111]', message_zh: '连接被拒绝（[Errno 111]）' }).detail).toBe('连接被拒绝（[Errno 111]）')
    expect(errorTexts({ class: 'Missing variable: user', message: '{{user}} has no value', message_zh: '变量 {{user}} 没有值' })).toEqual({ main: '变量 {{user}} 没有值', detail: '' })
  })

  it('is the class in words where there is no advice', () => {
    speak('zh')
    expect(errorTexts({ class: 'Schema Error', message: 'no field x', message_zh: '没有字段 x' })).toEqual({ main: '消息与接口定义不符', detail: '没有字段 x' })
    expect(errorTexts({ class: 'HTTP 500', message: 'HTTP 500', message_zh: 'HTTP 500' })).toEqual({ main: 'HTTP 500', detail: '' })
  })
})
