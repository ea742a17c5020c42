/** Parts of a multipart form: as an option of cURL, and as a body that a browser has sent. */

export interface Part {
  name: string
  value: string
  filename?: string
  content_type?: string
}

/** The value of an option such as `"a; b";type=text/plain`, without its quotes. */
export function unquoted(text: string): { content: string; content_type?: string; filename?: string } {
  const [, quoted, plain = '', rest = ''] = /^(?:"((?:\\.|[^"\\])*)"|([^;]*))(.*)$/s.exec(text) ?? []
  const said = [...rest.matchAll(/;\s*(type|filename)=(?:"((?:\\.|[^"\\])*)"|([^;]*))/g)]
  const of = (key: string) => {
    const found = said.find(([, name]) => name === key)
    return found ? (found[2]?.replaceAll(/\\(.)/gs, '$1') ?? found[3]!.trim()) : undefined
  }
  // What looks like no attribute belongs to the value.
  const content = quoted === undefined ? plain + (said.length ? '' : rest) : quoted.replaceAll(/\\(["\\])/g, '$1')
  const [type, filename] = [of('type'), of('filename')]
  return { content, ...(type ? { content_type: type } : {}), ...(filename ? { filename } : {}) }
}

/** The parts of a body with this content type; null where it is not written as browsers do. */
export function multipartOf(type: string, body: string): Part[] | null {
  const boundary = /boundary="?([^";]+)/i.exec(type)?.[1]
  if (boundary === undefined) return null
  const pieces = body.replaceAll(/\r?\n/g, '\r\n').split(`--${boundary}`)
  if (pieces.length < 3 || pieces[0]!.trim() || !pieces.at(-1)!.startsWith('--')) return null
  const parts = pieces.slice(1, -1).map(partOf)
  return parts.every((part) => part !== null) ? parts : null
}

function partOf(piece: string): Part | null {
  const [, head, value] = /^\r\n(.*?)\r\n\r\n(.*)\r\n$/s.exec(piece) ?? []
  const name = /\bname="([^"]*)"/i.exec(head ?? '')?.[1]
  if (head === undefined || name === undefined) return null
  const filename = /\bfilename="([^"]*)"/i.exec(head)?.[1]
  const type = /^content-type:\s*(.+)$/im.exec(head)?.[1]?.trim()
  return { name, value: value ?? '', ...(filename ? { filename } : {}), ...(type ? { content_type: type } : {}) }
}
