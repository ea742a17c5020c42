// Error classes in words of the language in use.
import { t, type Key } from '@/i18n'

const KINDS: Partial<Record<string, Key>> = {
  Check: 'run.errors.names.check',
  Extract: 'run.errors.names.extract',
  Timeout: 'run.errors.names.timeout',
  'Connection Error': 'run.errors.names.connection',
  'DNS Error': 'run.errors.names.dns',
  'TLS Error': 'run.errors.names.tls',
  'Proxy Error': 'run.errors.names.proxy',
  'Protocol Error': 'run.errors.names.protocol',
  'Plugin Error': 'run.errors.names.plugin',
  'Schema Error': 'run.errors.names.schema',
  'Missing variable': 'run.errors.names.variable',
  'Function Failed': 'run.errors.names.function',
  'Group Failed': 'run.errors.names.group',
  'Target Denied': 'run.errors.names.denied',
  'Unreadable Reply': 'run.errors.names.unreadable',
  'Undecodable Body': 'run.errors.names.undecodable',
  'Response Too Large': 'run.errors.names.largeReply',
  'Request Too Large': 'run.errors.names.largeRequest',
  'Invalid Request': 'run.errors.names.invalid',
  'Invalid Redirect': 'run.errors.names.redirect',
  'Too Many Redirects': 'run.errors.names.redirects',
  'WebSocket Closed': 'run.errors.names.websocket',
}

/** What kinds of connection and TLS errors there are. */
const DETAILS: Partial<Record<string, Key>> = {
  refused: 'run.errors.details.refused',
  reset: 'run.errors.details.reset',
  'stream reset': 'run.errors.details.streamReset',
  'closed early': 'run.errors.details.closedEarly',
  unreachable: 'run.errors.details.unreachable',
  'no local port': 'run.errors.details.noPort',
  'too many open files': 'run.errors.details.files',
  'no such source address': 'run.errors.details.source',
  other: 'run.errors.details.other',
  'connection closed': 'run.errors.details.closed',
  'hostname mismatch': 'run.errors.details.hostname',
  'wrong version number': 'run.errors.details.noTls',
  'handshake failed': 'run.errors.details.handshake',
  'certificate not accepted': 'run.errors.details.certificate',
  'certificate has expired': 'run.errors.details.expired',
  'self-signed certificate': 'run.errors.details.selfSigned',
  'self-signed certificate in certificate chain': 'run.errors.details.selfSigned',
  'unable to get local issuer certificate': 'run.errors.details.issuer',
  'unable to verify the first certificate': 'run.errors.details.issuer',
  'certificate is not yet valid': 'run.errors.details.notYet',
  'tlsv13 alert certificate required': 'run.errors.details.clientCertificate',
}

/** An error class in words; statuses of protocols are shown as they are. */
export function errorName(error: string): string {
  const at = error.indexOf(': ')
  const kind = KINDS[at < 0 ? error : error.slice(0, at)]
  if (!kind) return error
  const detail = error.slice(at + 2)
  const known = /^(Connection|TLS) Error: /.test(error) ? DETAILS[detail] : undefined
  return at < 0 ? t(kind) : t('run.errors.named', { kind: t(kind), detail: known ? t(known) : detail })
}
