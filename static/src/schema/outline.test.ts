import { beforeAll, describe, expect, it, vi } from 'vitest'
import { setLanguage } from '@/i18n'
import { fieldsOf } from './describe'
import { outline } from './outline'
import type { JsonSchema } from './types'

const SCHEMA: JsonSchema = {
  type: 'object',
  required: ['topic'],
  properties: {
    topic: { type: 'string', title: 'Topic', description: 'Where it goes.', examples: ['a/b'], 'x-template': true },
    count: { type: 'integer', default: 1, minimum: 1, maximum: 9 },
    tls: { type: 'object', properties: { verify: { type: 'boolean', default: true } } },
    names: { type: 'array', items: { type: 'string' }, default: [] },
    auth: {
      oneOf: [{ $ref: '#/$defs/Basic' }],
      discriminator: { propertyName: 'type' },
    },
  },
  $defs: { Basic: { type: 'object', properties: { type: { const: 'basic' }, user: { type: 'string' } } } },
}

describe('the outline of a schema', () => {
  beforeAll(() => {
    vi.stubGlobal('localStorage', { setItem: () => undefined })
    vi.stubGlobal('document', { documentElement: {} })
    return setLanguage('en')
  })

  it('has a row for each field, with what stands below it', () => {
    expect(outline(fieldsOf(SCHEMA, 'en')).map(({ path, kind, required, fallback }) => [path, kind, required, fallback])).toEqual([
      ['topic', 'text, may hold {{variables}}', true, ''],
      ['count', 'whole number 1–9', false, '1'],
      ['tls', 'object', false, ''],
      ['tls.verify', 'true or false', false, 'true'],
      ['names', 'list of: text', false, ''],
      ['auth', 'object, by its type: basic', false, ''],
      ['auth(basic).user', 'text', false, ''],
    ])
  })

  it('says what a field is for, and how it may look', () => {
    expect(outline(fieldsOf(SCHEMA, 'en'))[0]).toMatchObject({ label: 'Topic', help: 'Where it goes.', example: 'a/b' })
  })
})
