import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { run as en } from '@/i18n/en/run'
import { run as zh } from '@/i18n/zh/run'

const PAGES = [['user-guide.md', en.how], ['user-guide.zh-CN.md', zh.how]] as const

describe('the guide and the run page explain each figure in the same words', () => {
  it.each(PAGES)('%s', (page, how) => {
    const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf-8')
    for (const words of Object.values(how)) expect(text).toContain(words.replaceAll('{n}', '95').replace('{p}', 'p95'))
  })
})
