import { describe, expect, it } from 'vitest'
import { problemBooks } from './problemBooks'

const NONE = { said: [], savable: true, refused: {}, local: {}, unreadable: {}, untouched: false }
const unknown = { path: 'scenes[0].steps[0].request.query.q', message: 'no extractor is named q' }

describe('problemBooks', () => {
  it('lets a plan be saved that only a start would refuse, and says why it cannot run', () => {
    expect(problemBooks({ ...NONE, said: [unknown] })).toEqual({
      problems: { [unknown.path]: 'No extractor is named q' },
      unsavable: {},
      notNow: { [unknown.path]: 'No extractor is named q' },
    })
  })
  it('keeps a plan from being saved that the service would not store', () => {
    const said = [{ path: 'config.env_id', message: 'no such environment' }]
    expect(problemBooks({ ...NONE, said, savable: false })).toEqual({
      problems: { 'config.env_id': 'No such environment' },
      unsavable: { 'config.env_id': 'No such environment' },
      notNow: {},
    })
  })
  it('keeps a plan with a mistake in a field from being saved, whatever else it has', () => {
    const books = problemBooks({ ...NONE, said: [unknown], local: { name: 'Name the plan' } })
    expect(Object.keys(books.problems)).toEqual([unknown.path, 'name'])
    expect(books.unsavable).toEqual({ name: 'Name the plan' })
    expect(books.notNow).toEqual({})
  })
  it('lets a plan run that only misses agents now', () => {
    expect(problemBooks({ ...NONE, said: [{ path: 'config', message: 'too few agents' }] })).toEqual({ problems: {}, unsavable: {}, notNow: { config: 'Too few agents' } })
  })
  it('keeps a plan with a text that cannot be read from being saved, also where nothing else was typed', () => {
    const unreadable = { 'config.data_config.rows': 'Line 1, column 3' }
    for (const untouched of [true, false]) expect(problemBooks({ ...NONE, unreadable, untouched })).toEqual({ problems: unreadable, unsavable: unreadable, notNow: {} })
  })
})
