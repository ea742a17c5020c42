// The name of a plugin in the language in use.
import { language } from '@/i18n'

interface Named {
  name: string
  title?: unknown
}

const PROTOCOLS: Readonly<Record<string, string>> = { http: 'HTTP', websocket: 'WebSocket', grpc: 'gRPC', tcp: 'TCP', udp: 'UDP' }

/** Return how a protocol is written: short where it is well known, else as its plugin names it where that is at hand. */
export function protocolName(protocol: string, plugins: readonly (Named & { kind: string })[] = []): string {
  const plugin = plugins.find(({ kind, name }) => kind === 'protocol' && name === protocol)
  return PROTOCOLS[protocol] ?? (plugin ? pluginTitle(plugin) : protocol)
}

export function pluginTitle({ name, title }: Named): string {
  const texts = (title ?? {}) as Partial<Record<string, string>>
  return texts[language.value] ?? texts.en ?? name
}
