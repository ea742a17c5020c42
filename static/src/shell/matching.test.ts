import { describe, expect, it } from 'vitest'
import { matching, score } from './matching'

const offers = [
  { group: 'pages', label: 'Plans' },
  { group: 'pages', label: 'Plugins' },
  { group: 'plans', label: 'Evening peak' },
  { group: 'settings', label: 'Theme · Dark' },
]
const labels = (words: string) => matching(offers, words).map(({ label }) => label)

describe('what fits', () => {
  it('ranks beginnings before middles', () => {
    expect([score('Plans', 'pl'), score('Evening plan', 'pl'), score('Example', 'pl'), score('Nodes', 'pl')]).toEqual([4, 3, 2, 0])
  })

  it('takes words in any order', () => {
    expect(score('Evening peak', 'peak even')).toBe(1)
  })
})

describe('offers', () => {
  it('are all there, in their order, while nothing is typed', () => {
    expect(labels('')).toEqual(offers.map(({ label }) => label))
  })

  it('keep their groups together, the best group first', () => {
    expect(labels('p')).toEqual(['Plans', 'Plugins', 'Evening peak'])
    expect(labels('dark')).toEqual(['Theme · Dark'])
    expect(labels('xyz')).toEqual([])
  })
})
