// The unit of a plan's load, in words.
import { t } from '@/i18n'
import { type LoadConfig, variableOf } from '@/load/config'

/** Of as much load as is given: one user, two users. */
export function loadUnit(config: LoadConfig, load = 2): string {
  return variableOf(config) === 'vus' ? usersUnit(load) : t('plans.perSecond')
}

export const usersUnit = (users = 2) => t('plans.usersUnit', {}, users === 1 ? 1 : 2)
