// What went wrong in a trial: what to look at, and what the engine says of it.
import type { TrialStep } from '@/api/trials'
import { language, t, type Key } from '@/i18n'
import { errorName } from '@/parts/errorName'

type TrialError = NonNullable<TrialStep['error']>

const STATUSES: Partial<Record<string, Key>> = {
  'HTTP 401': 'scenes.error.login',
  'HTTP 403': 'scenes.error.forbidden',
  'HTTP 404': 'scenes.error.noPath',
  'HTTP 405': 'scenes.error.method',
  'HTTP 415': 'scenes.error.bodyType',
}

/** What to look at; empty where only the class can be said. */
function advice({ class: kind, message }: TrialError): string {
  const whole = `${kind} ${message}`
  const status = STATUSES[kind]
  if (status) return t(status)
  if (kind.startsWith('Extract: ')) return t('scenes.error.extract', { name: `{{${kind.slice('Extract: '.length)}}}` })
  if (/^(Check|Plugin Error|Group Failed)/.test(kind)) return ''
  // The engine's own remedies for these are exact.
  if (/^(Connection Error: refused|DNS Error)$/.test(kind) || (kind === 'Timeout' && message.includes('TLS handshake'))) return ''
  if (/^TLS Error: (certificate (has expired|is not yet valid)|hostname mismatch|tlsv13 alert certificate required)$/.test(kind)) return ''
  if (/tls|ssl|certificate/i.test(whole)) return t(/certificate/i.test(whole) ? 'scenes.error.certificate' : 'scenes.error.tls')
  if (/refused/i.test(whole)) return t('scenes.error.refused')
  if (/timeout|timed out/i.test(whole)) return t('scenes.error.timeout')
  if (/resolve|dns|name or service/i.test(whole)) return t('scenes.error.host')
  return ''
}

/** An error as a sentence, and beneath it what is known beyond that. */
export function errorTexts(error: TrialError): { main: string; detail: string } {
  const { class: kind, message } = error
  const main = advice(error)
  const words = language.value === 'zh' ? error.message_zh : message
  const found = message === kind ? '' : words
  if (kind.startsWith('Missing variable: ')) return { main: words, detail: '' }
  if (!main) return { main: errorName(kind), detail: found }
  return { main, detail: found || (kind.startsWith('Extract: ') ? '' : errorName(kind)) }
}
