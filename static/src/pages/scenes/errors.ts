// What went wrong in a trial, in words that say what to look at.
import type { TrialStep } from '@/api/trials'
import { t } from '@/i18n'

type TrialError = NonNullable<TrialStep['error']>

export function errorText({ class: kind, message }: TrialError): string {
  const whole = `${kind} ${message}`
  if (kind.startsWith('Extract: ')) return t('scenes.error.extract', { name: `{{${kind.slice('Extract: '.length)}}}` })
  if (/timeout/i.test(kind) && /TLS handshake/i.test(message)) return t('scenes.error.tlsSilent')
  if (kind.startsWith('Check')) return t('scenes.error.check')
  if (/tls|ssl|certificate/i.test(whole)) return t(/certificate/i.test(whole) ? 'scenes.error.certificate' : 'scenes.error.tls')
  if (/refused/i.test(whole)) return t('scenes.error.refused')
  if (/timeout|timed out/i.test(whole)) return t('scenes.error.timeout')
  if (/resolve|dns|name or service/i.test(whole)) return t('scenes.error.host')
  return kind
}
