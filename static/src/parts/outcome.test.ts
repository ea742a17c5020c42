import { describe, expect, it } from 'vitest'
import { beatOf } from './outcome'

describe('the bar of a past run', () => {
  it.each([
    ['completed', 'PASSED', 'VALID', 'pass'],
    ['completed', 'PASSED', 'SUSPECT', 'warn'],
    ['completed', 'PASSED', 'INVALID', 'stop'],
    ['completed', 'FAILED', 'INVALID', 'fail'],
    ['completed', 'NO_THRESHOLDS', 'VALID', 'stop'],
    ['stopped', 'PASSED', 'VALID', 'stop'],
    ['failed', null, null, 'fail'],
  ] as const)('%s, %s and %s is %s', (status, verdict, validity, beat) => {
    expect(beatOf({ status, verdict, validity })).toBe(beat)
  })
})
