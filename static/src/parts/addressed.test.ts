import { expect, it } from 'vitest'
import { createApp } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { useAddressed } from './addressed'

async function addressed(start: string) {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/p/:project/plan/:plan', component: {} }] })
  await router.push(start)
  const page = createApp({}).use(router).runWithContext(() => useAddressed('plan'))
  return { ...page, go: (to: string) => router.push(to), replace: (to: string) => router.replace(to) }
}

it('a new one stays the same form when it is saved, and each other one is a form of its own', async () => {
  const { form, id, created, go, replace } = await addressed('/p/1/plan/new')
  created.value = 5
  await replace('/p/1/plan/5')
  expect([form.value, id.value]).toEqual([0, 5])
  await go('/p/1/plan/6')
  expect([form.value, id.value]).toEqual([1, 6])
  await go('/p/2/plan/6')
  expect(form.value).toBe(2)
})

it('a copy is never taken for the one that was saved before it', async () => {
  const { form, id, created, go, replace } = await addressed('/p/1/plan/new')
  created.value = 5
  await replace('/p/1/plan/5')
  await go('/p/1/plan/new')
  expect([form.value, id.value]).toEqual([1, null])
  await go('/p/1/plan/5')
  expect([form.value, id.value]).toEqual([2, 5])
})
