// What the service says about itself before anybody signs in.
import { useQuery } from '@tanstack/vue-query'
import { Problem } from './problem'

export interface About {
  version: string
  registration_open: boolean
  /** The built-in target for a first run; null where it is off. */
  demo: { url: string } | null
  limits: { upload_bytes: number; scene_steps: number; try_seconds: number } | null
}

const NONE: About = { version: '', registration_open: true, demo: null, limits: null }

async function read(): Promise<About> {
  const reply = await fetch('/api/about/').catch(() => null)
  if (reply === null) throw new Problem('', 0)
  return reply.ok ? { ...NONE, ...((await reply.json()) as Partial<About>) } : NONE
}

export function useAbout() {
  return useQuery({ queryKey: ['about'], queryFn: read, staleTime: Number.POSITIVE_INFINITY })
}
