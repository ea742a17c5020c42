import { describe, expect, it } from 'vitest'
import { placeOf } from './places'

const SCENES = [{ name: 'Browse' }, { name: 'Order' }]

describe('the place of a warning', () => {
  it('within a scene has the name of the scene, so that steps of one name differ', () => {
    expect(placeOf('scenes[1].steps[0].timeout', SCENES)).toEqual({ path: 'scenes[1].steps[0].timeout', name: 'Order · steps[0].timeout' })
    expect(placeOf('scenes[1].steps[2].timeout', SCENES)?.name).toBe('Order · steps[2].timeout')
    expect(placeOf('scenes[0]', SCENES)?.name).toBe('Browse')
  })
  it('is the path while the scenes are not known', () => {
    expect(placeOf('scenes[0].steps[1]', [])).toEqual({ path: 'scenes[0].steps[1]', name: 'scenes[0].steps[1]' })
  })
  it('is the field of the config, and none for the whole plan', () => {
    expect(placeOf('request_timeout', SCENES)).toEqual({ path: 'config.request_timeout', name: '' })
    expect(placeOf('', SCENES)).toBeNull()
  })
})
