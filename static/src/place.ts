// Which page an address is about, before the router is there.
import { storedSession } from './api/storedSession'
import { routes } from './routes'

type Values = Record<string, string | undefined>
export type Loader = () => Promise<unknown>

export interface Place {
  name: string
  open: boolean
  page: Loader
  values: Values
}

/** The page of a path, as the router will find it. */
export function placeOf(path: string): Place | null {
  for (const { name, path: pattern, meta, component } of routes) {
    const expression = pattern.replace(/\/:(\w+)\*|:(\w+)(?:\(([^)]*)\))?/g, (_, rest?: string, one?: string, form?: string) => (rest ? `(?:/(?<${rest}>.*))?` : `(?<${one}>${form ?? '[^/]+'})`))
    const found = new RegExp(`^${expression}/?$`).exec(path)
    if (found) return { name: String(name), open: meta?.open === true, page: component as Loader, values: found.groups ?? {} }
  }
  return null
}

/** Where `/` will lead: the project that was open last. */
function address(): string {
  const project = localStorage.getItem('perfsvc.project')
  return location.pathname === '/' && project && project !== '0' ? `/p/${project}` : location.pathname
}

/** The page that is asked for. */
export function firstPlace(): Place | null {
  return placeOf(storedSession() ? address() : location.pathname)
}
