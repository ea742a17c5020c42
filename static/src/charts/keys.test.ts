import { expect, test } from 'vitest'
import { stepped } from './keys'

test('keys lead along the points and stop at the ends', () => {
  expect(stepped('ArrowRight', null, 10)).toBe(5)
  expect(stepped('ArrowRight', 9, 10)).toBe(10)
  expect(stepped('ArrowRight', 10, 10)).toBe(10)
  expect(stepped('PageUp', 4, 10)).toBe(0)
  expect(stepped('Home', 4, 10)).toBe(0)
  expect(stepped('End', 4, 10)).toBe(10)
  expect(stepped('a', 4, 10)).toBeNull()
  expect(stepped('Home', null, -1)).toBeNull()
})
