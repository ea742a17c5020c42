import { expect, it } from 'vitest'
import { protocolName } from './pluginTitle'

const REDIS = { kind: 'protocol', name: 'redis', title: { zh: 'Redis 协议', en: 'Redis protocol' } }

it('writes well-known protocols in short, whatever their plugins are called', () => {
  expect(protocolName('grpc', [{ kind: 'protocol', name: 'grpc', title: { zh: 'gRPC 协议', en: 'gRPC protocol' } }])).toBe('gRPC')
})
it('takes the name of other protocols from their plugins', () => {
  expect(['Redis 协议', 'Redis protocol']).toContain(protocolName('redis', [REDIS]))
  expect(protocolName('redis', [{ ...REDIS, kind: 'datasource' }])).toBe('redis')
  expect(protocolName('redis')).toBe('redis')
})
