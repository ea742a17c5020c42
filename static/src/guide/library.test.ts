import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CHAPTERS, chapter, type Chapter } from './library'
import { blocks } from './markdown'

const headings = (name: string) => blocks(readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8')).flatMap((block) => (block.kind === 'heading' ? [block.id] : []))

describe('the chapters that pages and dialogs lead to', () => {
  it.each(Object.keys(CHAPTERS) as Chapter[])('%s is there in both languages', (key) => {
    const [english, chinese] = [chapter(key, 'en'), chapter(key, 'zh')]
    expect(headings(english.doc)).toContain(english.hash.slice(1))
    expect(headings(`${chinese.doc}.zh-CN`)).toContain(chinese.hash.slice(1))
  })
})
