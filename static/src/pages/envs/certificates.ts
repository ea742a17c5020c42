// What an environment's certificates are, and which of them expire.
import type { Env } from '@/api/envs'

export type CertificateFacts = Env['ca_details'][number]
export type Age = 'good' | 'soon' | 'expired' | 'early'

const SOON_MS = 30 * 86_400_000

export function ageOf({ valid_from, valid_until }: Pick<CertificateFacts, 'valid_from' | 'valid_until'>, now: number): Age {
  const [from, until] = [Date.parse(valid_from), Date.parse(valid_until)]
  if (until <= now) return 'expired'
  if (from > now) return 'early'
  return until - now < SOON_MS ? 'soon' : 'good'
}

const WORST: readonly Age[] = ['expired', 'early', 'soon', 'good']

/** The age of what is presented first: an expired one of many authorities does no harm, unless it is the only one. */
export function worstOf({ ca_details, certificate_details }: Pick<Env, 'ca_details' | 'certificate_details'>, now: number): Age {
  const ours = certificate_details.map((one) => ageOf(one, now))
  const trusted = ca_details.map((one) => ageOf(one, now)).toSorted((a, b) => WORST.indexOf(b) - WORST.indexOf(a))
  return WORST.find((age) => [...ours, ...trusted.slice(0, 1)].includes(age)) ?? 'good'
}

/** The common name of a subject, else the whole. */
export function shortName(subject: string): string {
  return /(?:^|,)CN=((?:\\.|[^,\\])+)/.exec(subject)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? subject
}
