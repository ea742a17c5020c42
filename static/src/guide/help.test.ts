import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { helpIn, helpFor } from './help'

const read = (name: string) => helpIn(readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8'))

describe('what the guide says about a field', () => {
  it('is its row in a table, with the default below', () => {
    const said = helpFor(read('protocols/http'), 'max_connections')
    expect(said).toEqual({ text: 'connections of one user, to different places\ndefault: 16', id: 'options' })
  })
  it('is the row of a kind where the column is named by a field', () => {
    expect(helpFor(read('user-guide'), 'from:boundary')?.text).toBe('the text between left and right')
    expect(helpFor(read('user-guide'), 'type:contains')?.text).toBe('the body contains text')
  })
  it('is else the sentence that begins with it', () => {
    expect(helpFor(read('user-guide'), 'pacing')?.text).toBe('pacing lets each user begin an iteration every so many seconds, however long the iteration before took.')
    expect(helpFor(read('user-guide.zh-CN'), 'decode')?.text).toContain('解码')
  })
  it.each(['think_time', 'times', 'max_times'])('is there for %s of a step, in both languages', (field) => {
    for (const name of ['user-guide', 'user-guide.zh-CN']) expect(helpFor(read(name), field)?.text.startsWith(`${field} `)).toBe(true)
  })
  it('is nothing for a field that the guide does not know', () => {
    expect(helpFor(read('user-guide'), 'frobnicate')).toBeNull()
  })
})
