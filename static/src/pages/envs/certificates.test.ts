import { describe, expect, it } from 'vitest'
import { ageOf, shortName, worstOf } from './certificates'

const NOW = Date.parse('2026-11-30T12:00:00Z')
const facts = (valid_until: string, valid_from = '2026-01-01T00:00:00Z') => ({ subject: 'CN=a', issuer: 'CN=b', valid_from, valid_until })
const GOOD = facts('2027-11-30T00:00:00Z')
const PAST = facts('2026-11-29T00:00:00Z')

describe('the age of certificates', () => {
  it.each([
    [GOOD, 'good'],
    [PAST, 'expired'],
    [facts('2026-12-29T00:00:00Z'), 'soon'],
    [facts('2028-01-01T00:00:00Z', '2027-01-01T00:00:00Z'), 'early'],
  ] as const)('%o is %s', (one, age) => {
    expect(ageOf(one, NOW)).toBe(age)
  })
  it('of an environment is that of the client certificate, and of the last authority that is valid', () => {
    expect(worstOf({ ca_details: [GOOD, PAST], certificate_details: [GOOD] }, NOW)).toBe('good')
    expect(worstOf({ ca_details: [PAST], certificate_details: [GOOD] }, NOW)).toBe('expired')
    expect(worstOf({ ca_details: [], certificate_details: [PAST, GOOD] }, NOW)).toBe('expired')
    expect(worstOf({ ca_details: [], certificate_details: [] }, NOW)).toBe('good')
  })
})

it.each([['CN=client.example,O=Shop', 'client.example'], ['O=Shop,CN=a\\,b', 'a,b'], ['O=Shop', 'O=Shop']])('the short name of %s is %s', (subject, name) => {
  expect(shortName(subject)).toBe(name)
})
