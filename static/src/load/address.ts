/** Addresses of targets, as they are typed. */
type AddressMistake = 'noAddress' | 'noScheme' | 'notWhole'

export function mistakeInAddress(text: string): AddressMistake | null {
  const address = text.trim()
  if (!address || /^https?:\/*$/i.test(address)) return 'noAddress'
  if (!/^https?:\/\//i.test(address)) return 'noScheme'
  try {
    const url = new URL(address)
    return url.hostname && !/\s/.test(address) ? null : 'notWhole'
  } catch {
    return 'notWhole'
  }
}

/** Host and port, for names. */
export function hostOf(address: string): string {
  try {
    return new URL(address.trim()).host
  } catch {
    return ''
  }
}

/** The base of an address and the path of a first request. */
export function baseAndPath(address: string): { base: string; path: string } {
  const url = new URL(address.trim())
  return { base: url.origin, path: url.pathname + url.search }
}
