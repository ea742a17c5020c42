import { expect, it } from 'vitest'
import { move, remove } from '@/scene/moves'
import { replaced } from '@/scene/paths'
import type { Scene } from '@/scene/types'
import { carriedOver, placeOf, textPut } from './sceneTexts'

const send = (name: string) => ({ name, request: { method: 'POST', url: '/', json: { name } } })
const SCENE: Scene = { name: 'Shop', steps: [send('a'), { type: 'group', name: 'both', steps: [send('b'), send('c')] }] }
const BROKEN = { text: '{"name": ', fault: 'Line 1, column 10', sound: JSON.stringify({ name: 'b' }, null, 2) }
const PLACE = 'steps[1].steps[0].request.json'
const texts = textPut([], SCENE, PLACE, BROKEN)
const places = (scene: Scene) => carriedOver(texts, scene).map(placeOf)

it('belongs to a field of a step', () => {
  expect(texts.map(placeOf)).toEqual([PLACE])
  expect(textPut(texts, SCENE, PLACE, null)).toEqual([])
})
it('stays while other fields of the step and other steps are edited', () => {
  const renamed = replaced(SCENE, 'steps[1].steps[0].name', 'second')
  expect(places(replaced(renamed, 'steps[0].name', 'first'))).toEqual([PLACE])
  expect(carriedOver(texts, SCENE)).toBe(texts)
})
it('follows its step', () => {
  expect(places(move(SCENE, 'steps[1].steps[0]', 'steps', 0).scene)).toEqual(['steps[0].request.json'])
  expect(places(remove(SCENE, 'steps[0]').scene)).toEqual(['steps[0].steps[0].request.json'])
})
it('goes with its step, and when the value is set elsewhere', () => {
  expect(places(remove(SCENE, 'steps[1].steps[0]').scene)).toEqual([])
  expect(places(replaced(SCENE, PLACE, { name: 'd' }))).toEqual([])
})
