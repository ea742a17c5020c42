import { expect, it } from 'vitest'
import { CHECKS } from './checks'

it('begins a JSON check without a path, so that its example shows', () => expect(CHECKS.json).toEqual({ type: 'json', path: '', exists: true }))
