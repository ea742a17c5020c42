/** Bytes as people read them: where they stand, in hexadecimal, and as the letters that they may be. */
const WIDE = 16
const MOST = 4096

/** Lines of the beginning of what Base64 holds; empty where it is none. */
export function hexOf(base64: string): string {
  let bytes: string
  try {
    bytes = atob(base64.slice(0, Math.ceil(MOST / 3) * 4)).slice(0, MOST)
  } catch {
    return ''
  }
  const lines: string[] = []
  for (let from = 0; from < bytes.length; from += WIDE) {
    const part = bytes.slice(from, from + WIDE)
    const codes = Array.from(part, (one) => one.charCodeAt(0).toString(16).padStart(2, '0')).join(' ')
    const letters = part.replaceAll(/[^\x20-\x7e]/g, '.')
    lines.push(`${from.toString(16).padStart(4, '0')}  ${codes.padEnd(WIDE * 3 - 1)}  ${letters}`)
  }
  return lines.join('\n')
}
