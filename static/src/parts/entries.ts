// Headers or variables of an environment as rows of a form, and back.
const KEPT = '******'

export interface Entry {
  name: string
  value: string
  secret: boolean
  /** A secret that the service keeps; it is sent as it came unless a new one is typed. */
  stored: boolean
}

export function entriesOf(values: Readonly<Record<string, string>> | undefined, secret: readonly string[] | undefined): Entry[] {
  return Object.entries(values ?? {}).map(([name, value]) => {
    const hidden = secret?.includes(name) === true
    return { name, value, secret: hidden, stored: hidden && value === KEPT }
  })
}

export function valuesOf(entries: readonly Entry[]): { values: Record<string, string>; secret: string[] } {
  const named = entries.filter((entry) => entry.name.trim())
  return {
    values: Object.fromEntries(named.map((entry) => [entry.name.trim(), entry.value])),
    secret: named.filter((entry) => entry.secret).map((entry) => entry.name.trim()),
  }
}
