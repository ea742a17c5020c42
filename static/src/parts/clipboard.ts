// The clipboard. Over plain http pages may use it only within the browser's own copy, cut and paste.

/** Put a text into the clipboard, as far as the browser allows it. */
export async function writeClipboard(text: string): Promise<void> {
  if (navigator.clipboard && (await navigator.clipboard.writeText(text).then(() => true, () => false))) return
  const put = (event: ClipboardEvent) => {
    event.clipboardData?.setData('text/plain', text)
    event.preventDefault()
    event.stopImmediatePropagation()
  }
  document.addEventListener('copy', put, { capture: true, once: true })
  document.execCommand('copy')
  document.removeEventListener('copy', put, { capture: true })
}

/** The text in the clipboard; empty where the browser does not let pages read it. */
export async function readClipboard(): Promise<string> {
  return (await navigator.clipboard?.readText?.().catch(() => '')) ?? ''
}
