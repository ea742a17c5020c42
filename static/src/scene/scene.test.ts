import { describe, expect, it } from 'vitest'
import { begin, changed, redone, undone } from './history'
import { knownAt } from './known'
import { copied, newStep, pasted } from './newSteps'
import { duplicate, insertAfter, move, moveDown, moveUp, remove, wrap } from './moves'
import { ownerOf, partOf, problemPlace, stepAt } from './paths'
import { problemsIn } from './problems'
import { completed, isVariable, nearest, openAt, placeholders, variablesIn } from './templates'
import { hexOf } from './hex'
import { checkFor, extractorFor, headerLines, jsonLines, markedIn, valueAt } from './take'
import { everyStep, rowsOf } from './tree'
import { upTo } from './upTo'
import type { Scene, Step } from './types'

const get = (name: string, more: Partial<Step> = {}): Step => ({ type: 'request', name, request: { url: '/' }, ...more })

const shop: Scene = {
  name: 'shop',
  setup: [get('warm')],
  on_start: [get('login', { extract: [{ name: 'token', from: 'json', path: '$.token' }] })],
  steps: [
    { type: 'group', name: 'look', steps: [get('list', { extract: [{ name: 'item', from: 'json', path: '$.id' }] }), get('detail')] },
    {
      type: 'if', name: 'in stock', condition: { variable: 'item' },
      steps: [get('order', { extract: [{ name: 'order', from: 'json', path: '$.id' }] })],
      otherwise: [get('similar')],
    },
    { type: 'choice', name: 'pay', options: [{ weight: 70, steps: [get('now')] }, { weight: 30, steps: [get('later')] }] },
  ],
}

const names = (scene: Scene) => everyStep(scene).map(({ path, step }) => `${path} ${step.name}`)

describe('a tree', () => {
  it('has every step in order', () => {
    expect(names(shop)).toEqual([
      'setup[0] warm', 'on_start[0] login', 'steps[0] look', 'steps[0].steps[0] list', 'steps[0].steps[1] detail',
      'steps[1] in stock', 'steps[1].steps[0] order', 'steps[1].otherwise[0] similar',
      'steps[2] pay', 'steps[2].options[0].steps[0] now', 'steps[2].options[1].steps[0] later',
    ])
  })

  it('folds', () => {
    const rows = rowsOf(shop, new Set(['steps[0]', 'steps[2]']))
    expect(rows.map((row) => row.row)).toEqual(['part', 'step', 'part', 'step', 'part', 'step', 'step', 'step', 'otherwise', 'step', 'step', 'part'])
  })

  it('knows places', () => {
    expect(partOf('on_start[0]')).toBe('on_start')
    expect(ownerOf('steps[2].options[1].steps')).toBe('steps[2]')
    expect(ownerOf('steps')).toBeNull()
    expect(problemPlace(shop, 'steps[1].steps[0].request.url')).toEqual({ step: 'steps[1].steps[0]', field: 'request.url' })
    expect(problemPlace(shop, 'steps[2].options[0].weight')).toEqual({ step: 'steps[2]', field: 'options[0].weight' })
    expect(problemPlace(shop, 'name')).toEqual({ step: '', field: 'name' })
  })
})

describe('moves', () => {
  it('insert after, into an empty holder, at the end', () => {
    expect(insertAfter(shop, 'steps[0].steps[0]', get('x')).path).toBe('steps[0].steps[1]')
    const empty: Scene = { name: 's', steps: [{ type: 'loop', times: 2, steps: [] }] }
    expect(insertAfter(empty, 'steps[0]', get('x')).path).toBe('steps[0].steps[0]')
    expect(insertAfter(shop, null, get('x')).path).toBe('steps[3]')
    expect(insertAfter(shop, 'teardown', get('x')).path).toBe('teardown[0]')
  })

  it('leave the old scene as it was', () => {
    const before = structuredClone(shop)
    moveDown(remove(duplicate(shop, 'steps[0]').scene, 'setup[0]').scene, 'steps[0].steps[0]')
    expect(shop).toEqual(before)
  })

  it('select a neighbour of what was removed, or its holder', () => {
    expect(remove(shop, 'steps[0].steps[1]').path).toBe('steps[0].steps[0]')
    expect(remove(shop, 'steps[1].otherwise[0]').path).toBe('steps[1]')
    expect(remove(shop, 'setup[0]').path).toBe('')
  })

  it('go down through everything and up again', () => {
    let now = { scene: shop, path: 'setup[0]' }
    const seen: string[] = [now.path]
    for (let i = 0; i < 30; i++) {
      const next = moveDown(now.scene, now.path)
      if (next.path === now.path) break
      expect(stepAt(next.scene, next.path)?.name).toBe('warm')
      expect(everyStep(next.scene)).toHaveLength(11)
      now = next
      seen.push(now.path)
    }
    expect(seen.at(-1)).toBe('teardown[0]')
    expect(seen).toContain('steps[1].otherwise[1]')
    expect(seen).toContain('steps[2].options[1].steps[1]')
    for (let i = 0; i < 40; i++) {
      const next = moveUp(now.scene, now.path)
      if (next.path === now.path) break
      now = next
    }
    expect(now.path).toBe('setup[0]')
    expect(names(now.scene)).toEqual(names(shop))
  })

  it('shift the path of a list behind what was taken out', () => {
    const { scene, path } = move(shop, 'steps[0]', 'steps[2].options[0].steps', 0)
    expect(path).toBe('steps[1].options[0].steps[0]')
    expect(stepAt(scene, path)?.name).toBe('look')
  })

  it('never put a step into itself', () => {
    expect(move(shop, 'steps[0]', 'steps[0].steps', 0).scene).toBe(shop)
  })

  it('wrap', () => {
    const { scene } = wrap(shop, 'steps[0].steps[0]', { type: 'loop', name: 'again', times: 3 })
    expect(stepAt(scene, 'steps[0].steps[0].steps[0]')?.name).toBe('list')
  })
})

describe('history', () => {
  it('goes back and forth; typing in one field is one step', () => {
    let history = begin('a')
    history = changed(history, 'b', 'name', 0)
    history = changed(history, 'bc', 'name', 500)
    history = changed(history, 'bcd', 'name', 5000)
    history = undone(history)
    expect(history.now).toBe('bc')
    history = undone(history)
    expect(history.now).toBe('a')
    history = redone(redone(history))
    expect(history.now).toBe('bcd')
    expect(redone(history)).toBe(history)
  })
})

describe('known variables', () => {
  const around = {
    environment: { name: 'staging', variables: { host: 'h', user: 'env' } },
    columns: { source: 'accounts.csv', names: ['user'], row: { user: 'ann' } },
    builtIn: [{ name: '$vu', value: '1' }],
  }

  it('come from the steps before, newest first, then data, environment and the engine', () => {
    expect(knownAt(shop, 'steps[1].steps[0]', around).map((known) => [known.name, known.origin, known.from, known.maybe])).toEqual([
      ['item', 'step', 'list', false],
      ['token', 'step', 'login', false],
      ['user', 'data', 'accounts.csv', false],
      ['host', 'environment', 'staging', false],
      ['$vu', 'built in', '', false],
    ])
  })

  it('may be missing after a condition', () => {
    const order = knownAt(shop, 'steps[2]').find((known) => known.name === 'order')
    expect(order).toMatchObject({ maybe: true, from: 'order' })
    expect(knownAt(shop, 'steps[0].steps[0]').map((known) => known.name)).toEqual(['token'])
  })
})

describe('templates', () => {
  it('are found and judged', () => {
    expect(placeholders('a {{ x }} \\{{no}} {{$uuid}}').map((found) => found.name)).toEqual(['x', '$uuid'])
    expect(placeholders('{{$concat("}}", x)}}{{y}}').map((found) => found.name)).toEqual(['$concat("}}", x)', 'y'])
    expect(['token', '$uuid', '$base64("a:b")', '', 'a b'].map(isVariable)).toEqual([true, false, false, false, false])
    expect(variablesIn('token')).toEqual(['token'])
    expect(variablesIn('$hmac("sha256", key, $concat(request_body, user-id, \'no\', 12, $faker.name))')).toEqual(['key', 'user-id'])
    expect(nearest('tokn', ['item', 'token'])).toBe('token')
    expect(nearest('zzz', ['item', 'token'])).toBeNull()
  })

  it('with full-width braces are pointed out', () => {
    const scene = { name: 'a', steps: [{ name: 'a', request: { url: '/｛｛user｝｝?t={{token｝}&q=（x）{a}', json: { a: { b: 1 } } } }] }
    const found = problemsIn(scene as Scene, { environment: { name: 'e', variables: { user: '' } }, builtIn: [] }, true)
    expect(found.map((one) => [one.code, one.severity, 'name' in one ? one.name : ''])).toEqual([
      ['full-width braces', 'warning', '｛｛user｝｝'], ['full-width braces', 'warning', '{{token｝}'],
    ])
  })

  it('complete what is typed', () => {
    expect(openAt('Bearer {{to', 11)).toEqual({ from: 7, at: 9, typed: 'to', call: null })
    expect(openAt('Bearer {{to}} x', 15)).toBeNull()
    expect(completed('Bearer {{to', 11, 'token')).toEqual({ text: 'Bearer {{token}}', caret: 16 })
    expect(completed('Bearer {{to}}!', 11, 'token')).toEqual({ text: 'Bearer {{token}}!', caret: 16 })
    expect(completed('a', 1, 'x')).toEqual({ text: 'a{{x}}', caret: 6 })
  })

  it('know which argument is being typed', () => {
    const at = (text: string) => openAt(text, text.length)
    expect(at('{{$randomInt(')).toMatchObject({ typed: '', call: { name: '$randomInt', argument: 0 } })
    expect(at('{{$hmac("a,b)", $concat(x, to')).toMatchObject({ typed: 'to', call: { name: '$concat', argument: 1 } })
    expect(at('{{$hmac("a", $concat(x), ke')).toMatchObject({ typed: 'ke', call: { name: '$hmac', argument: 2 } })
    expect(at('{{$hmac("sha')).toMatchObject({ typed: null, call: { name: '$hmac', argument: 0 } })
    expect(at('{{$randomInt(1, 9)')).toMatchObject({ typed: null, call: null })
    expect(openAt('{{$randomInt(1, 9)}}', 14)).toMatchObject({ typed: '1', call: { argument: 0 } })
    expect(completed('{{$md5(to)}}', 9, 'token')).toEqual({ text: '{{$md5(token)}}', caret: 12 })
  })
})

describe('problems', () => {
  it('are told while typing', () => {
    const scene: Scene = {
      name: 's',
      steps: [
        get('a', { request: { url: '/{{tokn}}/{{a b}}/{{$uuid}}' } }),
        { type: 'if', name: '', condition: { variable: '' }, steps: [] },
      ],
      on_start: [get('login', { extract: [{ name: 'token', from: 'status' }] })],
    }
    const judge = (expression: string) => (expression === 'a b' ? 'not so' : null)
    expect(problemsIn(scene, {}, true, judge).map(({ code, path }) => [code, path])).toEqual([
      ['unknown variable', 'steps[0]'],
      ['mistake', 'steps[0]'],
      ['no name', 'steps[1]'],
      ['no condition', 'steps[1]'],
      ['no steps', 'steps[1]'],
    ])
    expect(problemsIn(scene, {}, true)[0]).toMatchObject({ name: 'tokn', severity: 'error' })
    expect(problemsIn(shop, {}, true)).toEqual([])
  })
})

describe('new steps', () => {
  it('have free names', () => {
    expect(newStep('request', 'list', shop).name).toBe('list 2')
    expect(newStep('request', 'ping', shop, 'tcp')).toEqual({ type: 'request', name: 'ping', protocol: 'tcp', request: {} })
  })

  it('are sound: the branches of a choice hold requests', () => {
    const choice = newStep('choice', 'pay', shop, undefined, 'list')
    expect(choice.options?.map(({ steps }) => steps.map(({ name }) => name))).toEqual([['list 2'], ['list 3']])
    expect(problemsIn({ ...shop, steps: [...shop.steps!, choice] }, {}, true)).toEqual([])
  })

  it('go over the clipboard', () => {
    expect(pasted(copied([shop.steps![0]!]))).toEqual([shop.steps![0]])
    expect(pasted(JSON.stringify(shop))).toEqual(shop.steps)
    expect(pasted('hello')).toBeNull()
    expect(pasted('{"a": 1}')).toBeNull()
    expect(pasted('[]')).toBeNull()
  })
})

describe('a reply', () => {
  const reply = { code: 0, data: { 'order-id': 'A', list: [{ id: 7 }, 1], empty: [] } }

  it('is lines with the path of each value', () => {
    const lines = jsonLines(reply)
    expect(lines.map((line) => ' '.repeat(line.indent) + (line.key ? `${line.key}: ` : '') + line.text)).toEqual([
      '{', ' code: 0,', ' data: {', '  order-id: "A",', '  list: [', '   {', '    id: 7', '   },', '   1', '  ],', '  empty: []', ' }', '}',
    ])
    const paths = lines.flatMap((line) => (line.path ? [line.path] : []))
    expect(paths).toEqual(['$.code', "$.data['order-id']", '$.data.list[0].id', '$.data.list[1]', '$.data.empty'])
    expect(paths.map((path) => valueAt(reply, path))).toEqual([0, 'A', 7, 1, []])
  })

  it('proposes a free name', () => {
    expect(extractorFor('$.data.list[0].id', new Set(['id']))).toEqual({ name: 'id_2', from: 'json', path: '$.data.list[0].id' })
    expect(valueAt(reply, '$.data.nothing.at.all')).toBeUndefined()
  })
})

it('ends at a step', () => {
  expect(names(upTo(shop, 'steps[0].steps[0]'))).toEqual(['setup[0] warm', 'on_start[0] login', 'steps[0] look', 'steps[0].steps[0] list'])
  expect(names(upTo(shop, 'steps[1].otherwise[0]')).at(-1)).toBe('steps[1].otherwise[0] similar')
  expect(upTo(shop, 'on_start[0]').steps).toEqual([{ ...shop.steps![0], enabled: false }])
})

it('shows heads and bytes', () => {
  expect(headerLines('HTTP/1.1 200 OK\r\nX-Id: a: b\r\n\r\n')).toEqual([{ name: null, value: 'HTTP/1.1 200 OK' }, { name: 'X-Id', value: 'a: b' }])
  expect(hexOf(btoa('\x00ab\xff'))).toBe('0000  00 61 62 ff                                      .ab.')
  expect(hexOf('***')).toBe('')
})

it('makes a check of a masked value that asks only whether it is there', () => {
  expect(checkFor('$.token', '***')).toEqual({ type: 'json', path: '$.token', exists: true })
  expect(checkFor('$.id', 7)).toEqual({ type: 'json', path: '$.id', equals: 7 })
})

it('finds a marked text again at the beginning and at the end of a body', () => {
  expect(markedIn('hello world', 0, 5)).toEqual({ text: 'hello', boundary: null, pattern: '^([\\w-]+) ' })
  expect(markedIn('+PONG 17', 6, 8)).toEqual({ text: '17', boundary: null, pattern: '\\+PONG (\\d+)$' })
  expect(markedIn('all of it\n', 0, 9)?.pattern).toBe('^(.+?)\n')
})
