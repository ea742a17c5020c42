// The name of a plugin in the language in use.
import { language } from '@/i18n'

interface Named {
  name: string
  title?: unknown
}

const PROTOCOLS: Readonly<Record<string, string>> = { http: 'HTTP', websocket: 'WebSocket', grpc: 'gRPC', tcp: 'TCP', udp: 'UDP' }

/** Return how a protocol is written where its plugin is not at hand. */
export const protocolName = (protocol: string): string => PROTOCOLS[protocol] ?? protocol

export function pluginTitle({ name, title }: Named): string {
  const texts = (title ?? {}) as Partial<Record<string, string>>
  return texts[language.value] ?? texts.en ?? name
}
