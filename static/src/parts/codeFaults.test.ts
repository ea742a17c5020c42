import { describe, expect, it } from 'vitest'
import { jsonFault, sceneFault, yamlFault } from './codeFaults'

/** The text from the fault to the end of its line. */
const rest = (text: string, at: number | undefined) => (at === undefined ? null : text.slice(at).split('\n')[0])

describe('jsonFault', () => {
  it('finds nothing in JSON', () => expect(jsonFault('{"a": ["{{b}}", 1.5e3, null]}')).toBeNull())
  it.each([
    ['{\n  "a": 1,\n  b: 2\n}', 'b: 2'],
    ['[1, 2,]', ']'],
    ['{"a": "b"', ''],
    ["{'a': 1}", "'a': 1}"],
  ])('finds the place in %j', (text, found) => expect(rest(text, jsonFault(text)?.at)).toBe(found))
  it.each([
    ['{"a": 1,}', 'comma'],
    ['[1, 2, ]', 'comma'],
    ['{“a”: 1}', 'wide'],
    ['{"a"：1}', 'wide'],
    ["{'a': 1}", 'quote'],
    ['{"a": 1 // x\n}', 'comment'],
    ['{"a": 1', 'json'],
  ])('says of %j what to do', (text, reason) => expect(jsonFault(text)?.reason).toBe(`parts.fault.${reason}`))
  it('tells a placeholder that lacks its quotes', () => {
    expect(jsonFault('{"id": {{id}}}')).toMatchObject({ column: 8, reason: 'parts.fault.bare' })
    expect(jsonFault('{"id": {1}}')?.reason).toBe('parts.fault.json')
  })
})

describe('yamlFault', () => {
  it('finds nothing in YAML', async () => expect(await yamlFault('name: a\nsteps:\n  - think: 1\n')).toBeNull())
  it.each([
    ['steps:\n  - type: request\n   name: x\n', 'indent'],
    ['steps: [a', 'missing'],
    ['a: "b', 'missing'],
    ['name\nb: c', 'colon'],
    ['a: b: c', 'nested'],
    ['a: @x', 'start'],
    ['a: *x', 'start'],
    ['url: {{user}}', 'bare'],
  ])('says of %j what to do', async (text, reason) => expect((await yamlFault(text))?.reason).toBe(`parts.fault.${reason}`))
  it('finds what is no scene', async () => {
    const text = 'name: a\nsteps:\n  - type: nothing\n'
    expect(await sceneFault(text, { name: 'a', steps: [{ type: 'nothing' }] })).toMatchObject({ line: 3, column: 11, reason: 'parts.fault.kind' })
    expect(await sceneFault('steps：\n- a', 'x')).toMatchObject({ line: 1, column: 6, reason: 'parts.fault.wide' })
    expect(await sceneFault('{"steps": 5}', { steps: 5 })).toMatchObject({ column: 11, reason: 'parts.fault.list' })
  })
  it('finds the place', async () => {
    const text = 'name: a\nsteps:\n  - url: /\n broken: ['
    expect((await yamlFault(text))?.line).toBe(4)
    expect(rest('a: 1\na: 2\n', (await yamlFault('a: 1\na: 2\n'))?.at)).toBe('a: 2')
  })
})
