import { describe, expect, it } from 'vitest'
import type { Operation } from '@/api/operations'
import { chosenOf, sameTarget, withOperation } from './operations'

const SAY: Operation = { name: 'demo.Desk/Say', kind: 'unary', request: { method: 'demo.Desk/Say', message: { text: '' } } }
const CHAT: Operation = { name: 'demo.Desk/Chat', kind: 'bidirectional streaming', request: { method: 'demo.Desk/Chat', messages: [{ text: '' }] } }
const METHODS = [SAY, CHAT]
const QUEUES: Operation[] = [
  { name: 'publish', kind: 'event', request: { queue: 'orders' } },
  { name: 'publish, kept', kind: 'event', request: { queue: 'orders', durable: true } },
  { name: 'raw', kind: 'event', request: { frame: { text: '' } } },
]

describe('the chosen operation', () => {
  it('is found by the fields that name it, whatever the message says by now', () => {
    expect(chosenOf({ url: 'grpc://a', method: 'demo.Desk/Say', message: { text: 'hello' } }, METHODS)).toBe(SAY)
    expect(chosenOf({ method: 'demo.Desk/Other' }, METHODS)).toBeNull()
    expect(chosenOf({}, METHODS)).toBeNull()
  })
  it('is found by its path too, with a slash before it', () => {
    expect(chosenOf({ method: '/demo.Desk/Say' }, METHODS)).toBe(SAY)
    expect(chosenOf({ method: '//demo.Desk/Say' }, METHODS)).toBeNull()
    expect(chosenOf({ queue: '/orders' }, QUEUES)).toBeNull()
  })
  it('is the one that says most, of a protocol without methods too', () => {
    expect(chosenOf({ queue: 'orders', durable: true }, QUEUES)?.name).toBe('publish, kept')
    expect(chosenOf({ queue: 'orders' }, QUEUES)?.name).toBe('publish')
    expect(chosenOf({ frame: { text: '' } }, QUEUES)?.name).toBe('raw')
  })
})

describe('another operation', () => {
  it('takes the place of what one has set, and leaves the rest', () => {
    const said = withOperation({ url: 'grpc://a', metadata: { key: '1' } }, SAY, METHODS)
    expect(withOperation(said, CHAT, METHODS)).toEqual({ url: 'grpc://a', metadata: { key: '1' }, method: 'demo.Desk/Chat', messages: [{ text: '' }] })
  })
})

describe('a list of operations', () => {
  it('stands while the message is written, not for another address', () => {
    expect(sameTarget({ url: 'grpc://a' }, { url: 'grpc://a', method: 'demo.Desk/Say', message: { text: 'x' } }, METHODS)).toBe(true)
    expect(sameTarget({ url: 'grpc://a' }, { url: 'grpc://b' }, METHODS)).toBe(false)
    expect(sameTarget({ url: 'grpc://a' }, { url: 'grpc://a', metadata: { key: '1' } }, METHODS)).toBe(false)
  })
  it('that is not there yet, and a refusal, stand whatever is written but the way to the target', () => {
    const asked = { url: 'grpc://a', method: '', metadata: { key: '1' } }
    expect(sameTarget(asked, { ...asked, method: 'demo.Desk/S', message: { text: 'x' }, frame: 'y' }, [])).toBe(true)
    expect(sameTarget(asked, { ...asked, url: 'grpc://b' }, [])).toBe(false)
    expect(sameTarget(asked, { ...asked, metadata: { key: '2' } }, [])).toBe(false)
  })
  it('is not that of a field which turns out to lead to the target', () => {
    const asked = { broker: 'a', queue: '' }
    expect(sameTarget(asked, { ...asked, broker: 'b' }, [])).toBe(true)
    expect(sameTarget(asked, { ...asked, broker: 'b' }, QUEUES)).toBe(false)
    expect(sameTarget(asked, { ...asked, queue: 'orders' }, QUEUES)).toBe(true)
  })
})
