// The level that a search ended with, in words.
import type { RunRow } from '@/api/runs'
import { t } from '@/i18n'
import { num, rate } from '@/i18n/format'

/** “holds 455 users”, “knee at 1,240/s”. */
export function foundText({ kind, level, at_least }: NonNullable<RunRow['found']>, variable: RunRow['variable']): string {
  const text = variable === 'vus' ? t('parts.found.users', { n: num(level) }, level) : `${rate(level)}/s`
  return t(`parts.found.${kind}`, { level: at_least ? `≥ ${text}` : text })
}
