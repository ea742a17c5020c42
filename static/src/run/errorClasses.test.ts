import { expect, test } from 'vitest'
import { errorTokens } from './errorClasses'

test('a class keeps its colour whatever its place', () => {
  const colours = errorTokens(['HTTP 503', 'Check: json $.ok'])
  expect(errorTokens(['Check: json $.ok', 'HTTP 503'])).toEqual(colours)
  expect(colours.get('HTTP 503')).toBe('--e1')
  expect(colours.get('Check: json $.ok')).toBe('--e3')
})

test('two classes of one kind have two colours, and no more than four have one', () => {
  const colours = errorTokens(['HTTP 500', 'HTTP 503', 'Timeout', 'Connection Error', 'TLS Error'])
  expect(colours.size).toBe(4)
  expect(new Set(colours.values()).size).toBe(4)
})
