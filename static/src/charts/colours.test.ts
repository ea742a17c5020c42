import { describe, expect, it } from 'vitest'
import { channelsOf } from './colours'

describe('channels of a colour', () => {
  it('are the same in the long form and in the short one', () => {
    expect(channelsOf('#1a2b3c')).toEqual([26, 43, 60])
    expect(channelsOf('#ffffff')).toEqual([255, 255, 255])
    expect(channelsOf('#fff')).toEqual([255, 255, 255])
    expect(channelsOf('#0af')).toEqual([0, 170, 255])
  })
})
