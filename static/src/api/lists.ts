// Listings: the service gives at most 100 rows a page.
export const ALL = 100

export interface Page<T> {
  total: number
  page: number
  page_size: number
  results: T[]
}

/** Every row of a listing, page after page. */
export async function everyPage<T>(read: (page: number) => Promise<Page<T>>): Promise<T[]> {
  const first = await read(1)
  const rows = [...first.results]
  for (let page = 2; rows.length < first.total; page++) {
    const { results } = await read(page)
    if (results.length === 0) break
    rows.push(...results)
  }
  return rows
}
