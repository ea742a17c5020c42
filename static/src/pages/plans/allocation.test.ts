import { describe, expect, it } from 'vitest'
import { exampleRows } from './allocation'

describe('exampleRows', () => {
  it.each([
    ['sequential', 3, [0, 1, 2]],
    ['shuffled', 3, [2, 0, 1]],
    ['random', 3, [1, 2, 1]],
    ['shuffled', 2, [1, 0]],
    ['random', 2, [1, 0]],
    ['random', 1, [0]],
    ['sequential', 0, []],
  ] as const)('%s of %i rows', (order, count, rows) => expect(exampleRows(order, count)).toEqual(rows))
})
