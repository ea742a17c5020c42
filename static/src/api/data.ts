// Data files, and the first rows of any data source.
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { type MaybeRefOrGetter, toValue } from 'vue'
import { language } from '@/i18n'
import { api, ask, type Schemas, unread } from './client'
import { everyPage } from './lists'
import { problemOf } from './problem'
import { session } from './session'

export type DataFile = Schemas['DataFileResponse']
export type Rows = Schemas['DataPreviewResponse']

export function useDataFiles(project: MaybeRefOrGetter<number | null>) {
  return useQuery({
    queryKey: ['datafiles', project],
    queryFn: () =>
      everyPage((page) =>
        ask(api.GET('/api/datafiles/', { params: { query: { project_id: toValue(project)!, page, page_size: 100 } } })),
      ),
    enabled: () => toValue(project) !== null,
  })
}

export function useFilePreview(id: MaybeRefOrGetter<number | null>, options: MaybeRefOrGetter<object> = {}) {
  return useQuery({
    queryKey: ['datafile', id, 'preview', options],
    queryFn: () => readFileRows(toValue(id)!, toValue(options)),
    enabled: () => toValue(id) !== null,
  })
}

/** The first rows of a file, read with the options of a plan's data. */
export function readFileRows(id: number, options: object = {}): Promise<Rows> {
  const query = Object.keys(options).length ? { options: JSON.stringify(options) } : {}
  return ask(api.GET('/api/datafiles/{datafile_id}/preview/', { params: { path: { datafile_id: id }, query } }))
}

export function readRows(body: Schemas['PreviewForm']): Promise<Rows> {
  return ask(api.POST('/api/performance/data-preview/', { body }))
}

export function useFileRemoval() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (id: number) =>
      ask(api.DELETE('/api/datafiles/{datafile_id}/', { params: { path: { datafile_id: id } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['datafiles'] }),
  })
}

/** A reply; null where it is not the service's. */
function decoded(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

interface Upload {
  file: File
  /** Replaces this file's content; null makes a new file of the project. */
  replaces: number | null
  project: number
  progress: (part: number) => void
  signal?: AbortSignal
}

/** Send a file as the body of a request. The session is renewed first where it has to be: the body is sent once. */
export async function upload(wanted: Upload): Promise<DataFile> {
  await ask(api.GET('/api/users/me/', { signal: wanted.signal ?? null }))
  return transfer(wanted)
}

/** `fetch` tells nothing of how far it is, so this is XMLHttpRequest. */
function transfer({ file, replaces, project, progress, signal }: Upload): Promise<DataFile> {
  const query = replaces === null ? `?project_id=${project}&name=${encodeURIComponent(file.name)}` : ''
  const path = replaces === null ? `/api/datafiles/${query}` : `/api/datafiles/${replaces}/`
  // What was cancelled before would not be told again.
  signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open(replaces === null ? 'POST' : 'PUT', path)
    request.setRequestHeader('Authorization', `Bearer ${session.current.value?.token ?? ''}`)
    request.setRequestHeader('Accept-Language', language.value)
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.upload.addEventListener('progress', (event) => progress(event.total ? event.loaded / event.total : 0))
    request.addEventListener('error', () => reject(unread(null)))
    request.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
    signal?.addEventListener('abort', () => request.abort())
    request.addEventListener('load', () => {
      const body = decoded(request.responseText)
      if (request.status < 300) return resolve(body as DataFile)
      const headers = { 'X-Request-Id': request.getResponseHeader('X-Request-Id') ?? '' }
      return reject(problemOf(new Response(null, { status: request.status, headers }), body))
    })
    request.send(file)
  })
}
