import { describe, expect, it } from 'vitest'
import { placeOf } from './place'

describe('the page of a path', () => {
  it('is the one that the router finds', () => {
    const found = ['/', '/login', '/p/7/runs', '/p/7/runs/20261130-ab', '/p/7/plans/new', '/p/7/', '/guide', '/guide/protocols/http', '/p/x/runs'].map((path) => placeOf(path)?.name)
    expect(found).toEqual(['home', 'login', 'runs', 'run', 'plan', 'overview', 'guide', 'guide', 'missing'])
  })

  it('has the values of its address, and says who may see it', () => {
    expect(placeOf('/p/7/runs/20261130-ab')).toMatchObject({ values: { project: '7', execution: '20261130-ab' }, open: false })
    expect(placeOf('/login')).toMatchObject({ open: true })
  })
})
