import { describe, expect, it } from 'vitest'
import { fieldsOf } from './describe'
import samples from './plugins.sample.json'
import type { Field, JsonSchema } from './types'
import { first, firstVariant, hasProblem, isDefault, mistakeIn, withValue } from './values'

// What the service gave for its own plugins at GET /api/plugins/.
const schemas = samples as unknown as Record<string, { request: JsonSchema | null; options: JsonSchema }>
const kinds = (fields: Field[]) => Object.fromEntries(fields.map((field) => [field.key, field.kind]))
const find = (fields: Field[], key: string) => fields.find((field) => field.key === key)!

describe('fields of a schema', () => {
  it('of an HTTP request', () => {
    expect(kinds(fieldsOf(schemas['protocol:http']!.request, 'en'))).toEqual({
      method: 'text', url: 'text', query: 'map', headers: 'map', auth: 'union', json: 'json', form: 'map', multipart: 'list',
      body: 'text', body_file: 'text', follow_redirects: 'switch', http_version: 'choice', expect_continue: 'switch',
    })
  })

  it('in both languages', () => {
    const request = schemas['protocol:http']!.request
    expect(find(fieldsOf(request, 'zh'), 'url').label).toBe('地址')
    expect(find(fieldsOf(request, 'en'), 'url').label).toBe('URL')
  })

  it('of a union, each with its own', () => {
    const auth = find(fieldsOf(schemas['protocol:http']!.request, 'en'), 'auth')
    expect(auth).toMatchObject({ discriminator: 'type', optional: true })
    expect(auth.variants!.map((one) => one.value)).toEqual(['basic', 'bearer', 'digest'])
    expect(firstVariant(auth, 'basic')).toEqual({ type: 'basic', username: '' })
  })

  it('of every plugin that comes with the service, nothing left open', () => {
    const unlabelled = Object.values(schemas).flatMap(({ request, options }) =>
      [...fieldsOf(request, 'zh'), ...fieldsOf(options, 'zh')].filter((field) => !field.label),
    )
    expect(unlabelled).toEqual([])
  })

  it('follow hints', () => {
    const schema: JsonSchema = {
      type: 'object',
      required: ['topic'],
      properties: {
        payload: { contentMediaType: 'application/json', type: 'string', 'x-order': 3 },
        topic: { type: 'string', pattern: '^[^+#]+$', title: 'Topic', 'x-title-zh': '主题', 'x-template': true, 'x-order': 1 },
        qos: { enum: [0, 1, 2], default: 1, 'x-enum-zh': { 0: '最多一次' }, 'x-order': 2 },
        password: { type: 'string', format: 'password', 'x-advanced': true, 'x-order': 4 },
      },
    }
    const fields = fieldsOf(schema, 'zh')
    expect(fields.map((field) => field.key)).toEqual(['topic', 'qos', 'payload', 'password'])
    expect(fields[0]).toMatchObject({ label: '主题', template: true, required: true })
    expect(fields[1]!.choices).toEqual([{ value: 0, label: '最多一次' }, { value: 1, label: '1' }, { value: 2, label: '2' }])
    expect(fields[3]).toMatchObject({ kind: 'secret', advanced: true })
  })

  it('end where a schema holds itself', () => {
    const schema: JsonSchema = {
      type: 'object', properties: { tree: { $ref: '#/$defs/Tree' } },
      $defs: { Tree: { type: 'object', properties: { left: { $ref: '#/$defs/Tree' }, name: { type: 'string' } } } },
    }
    const tree = fieldsOf(schema, 'en')[0]!
    expect(kinds(tree.fields!)).toEqual({ left: 'json', name: 'text' })
  })
})

describe('alternatives', () => {
  const properties = { one: { type: 'string', 'x-exclusive': 'command' }, many: { type: 'array', items: { type: 'string' }, 'x-exclusive': 'command' }, url: { type: 'string' } }
  const needed = (schema: JsonSchema) => fieldsOf(schema, 'en').map(({ key, oneNeeded }) => [key, oneNeeded])

  it('of which exactly one must be there are known by the schema', () => {
    const choices = [{ required: ['one'] }, { required: ['many'] }]
    expect(needed({ type: 'object', properties, allOf: [{ oneOf: choices }] })).toEqual([['one', true], ['many', true], ['url', false]])
    expect(needed({ type: 'object', properties, oneOf: choices })).toEqual([['one', true], ['many', true], ['url', false]])
  })

  it('of which none need be there, or of which each needs more, are not', () => {
    const choices = [{ required: ['one', 'url'] }, { required: ['many'] }]
    expect(needed({ type: 'object', properties })).toEqual([['one', false], ['many', false], ['url', false]])
    expect(needed({ type: 'object', properties, allOf: [{ oneOf: choices }] })).toEqual([['one', false], ['many', false], ['url', false]])
  })
})

describe('values', () => {
  const fields = fieldsOf(schemas['protocol:http']!.options, 'en')

  it('at their default say nothing', () => {
    expect(isDefault(find(fields, 'verify'), true)).toBe(true)
    expect(isDefault(find(fields, 'verify'), false)).toBe(false)
    expect(withValue({ a: 1, b: 2 }, 'a', undefined)).toEqual({ b: 2 })
    expect(first(find(fields, 'max_redirects'))).toBe(10)
  })

  it('show mistakes', () => {
    const redirects = find(fields, 'max_redirects')
    expect([0, 1.5, 51, 'x', 10].map((value) => mistakeIn(redirects, value))).toEqual(['low', 'whole', 'high', 'number', null])
    const method = find(fieldsOf(schemas['protocol:grpc']!.request, 'en'), 'method')
    expect(['', 'nope', 'a.B/C', '{{m}}'].map((value) => mistakeIn(method, value))).toEqual(['required', 'pattern', null, null])
  })

  it('have problems by path', () => {
    expect(hasProblem({ 'a.b[0].c': 'x' }, 'a.b')).toBe(true)
    expect(hasProblem({ 'a.bc': 'x' }, 'a.b')).toBe(false)
  })
})

describe('a map', () => {
  it('has rows where its names must have a form, too', () => {
    const values: JsonSchema = { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] }
    const schema: JsonSchema = { type: 'object', properties: { set: { type: 'object', patternProperties: { '^[a-z]+$': values } } } }
    const [set] = fieldsOf(schema, 'en')
    expect([set!.kind, set!.item!.kind]).toEqual(['map', 'text'])
  })
})

describe('data files', () => {
  it('name data files where the schema says so: by name, by number, or beside a certificate', () => {
    const schema: JsonSchema = {
      type: 'object',
      properties: {
        body: { anyOf: [{ type: 'string' }, { type: 'null' }], format: 'datafile', 'x-template': true, 'x-exclusive': 'body' },
        rows: { anyOf: [{ type: 'integer' }, { type: 'string' }], format: 'datafile' },
        ca: { type: 'string', format: 'datafile', title: 'CA: PEM text, or name of a data file' },
      },
    }
    const fields = fieldsOf(schema, 'en')
    expect(fields.map(({ kind, files, pem }) => [kind, files, pem])).toEqual([['datafile', 'name', undefined], ['datafile', 'id', undefined], ['long', 'name', true]])
  })
})
