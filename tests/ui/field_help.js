// Walk over the form fields of what is open: a dialog, or else the page. Return what explains each of them.
async () => {
  const UNITS = '.schema-field, .field-box, .field, .line, .condition, .data-say, .abort, .row, .label-row, .request-line, .target, .step-head, .scene-head, .page-head, .filters, fieldset, label'
  const CHOICES = '.mode, .tile, .option, .share, .stages, .thresholds, .start-card'
  // Vue has drawn what changed by the next task.
  const frame = () => new Promise((done) => setTimeout(done))
  const root = () => document.querySelector('dialog[open]') ?? document.querySelector('main') ?? document.body
  const all = (selector, within = root()) => [...within.querySelectorAll(selector)]
  const nameOf = (field) => field.getAttribute('aria-label') || field.labels?.[0]?.textContent.trim() || field.placeholder || field.className

  /** Open what is folded, switch on what is off, give every list and map an entry. */
  async function unfold() {
    for (let round = 0; round < 5; round++) {
      all('details:not([open])').forEach((one) => (one.open = true))
      const closed = [
        ...all('.schema .schema-control > label.row > .switch:not(:checked)'),
        ...all('.line-x [aria-expanded=false]'),
        ...all('.schema .items').filter((one) => !one.querySelector('.item')).map((one) => one.querySelector('button')),
      ].filter(Boolean)
      closed.forEach((one) => one.click())
      const empty = all('.schema .pairs').filter((one) => one.children.length === 1).map((one) => one.querySelector('.pair-ghost input')).filter(Boolean)
      empty.forEach((one) => { one.value = 'one'; one.dispatchEvent(new Event('input', { bubbles: true })) })
      await frame()
      if (!closed.length && !empty.length) return
    }
  }

  // What was read is read once for a page.
  const said = (window.saidOfFields ??= new Map())
  const keyOf = (button) => `${button.closest('[data-path]')?.dataset.path ?? ''} ${button.getAttribute('aria-label')}`
  /** Open every explanation that was not read yet, read it and close it: all at once, as each time Vue draws takes time. */
  async function readInfos() {
    const unread = new Map(all('.info').filter((one) => !said.has(keyOf(one)) && one.checkVisibility()).map((one) => [keyOf(one), one]))
    if (!unread.size) return
    for (const one of unread.values()) one.click()
    await Promise.resolve() // drawn by now, and not yet closed again because the focus went to the next
    for (const [key, one] of unread) {
      const note = document.getElementById(one.getAttribute('aria-controls'))
      said.set(key, { text: note?.querySelector('p')?.textContent ?? '', link: note?.querySelector('a')?.getAttribute('href') ?? '' })
    }
    await frame()
    for (const one of unread.values()) if (one.getAttribute('aria-expanded') === 'true') one.click()
    await frame()
  }

  /** The “i” or the link to the guide that belongs to a unit, and to no other within it. */
  const mark = (unit) => all('.info, a[href*="/guide/"]', unit).find((one) => one.closest(UNITS) === unit || (unit.matches('.field-box, .field, .schema-field') && one.closest('.field-box, .field, .schema-field') === unit))
  function explanation(field) {
    if (field.closest(CHOICES)) {
      const choice = field.closest('.card')?.querySelector('.card-head a[href*="/guide/"]')
      return choice ?? field.closest(CHOICES).querySelector('span:not(.sr)')
    }
    const described = field.getAttribute('aria-describedby')
    if (described && document.getElementById(described)?.textContent.trim()) return field
    const head = field.closest('.step-head, .scene-head, .page-head')?.querySelector('.info, a[href*="/guide/"]')
    if (head) return head
    for (let at = field.closest(UNITS); at && root().contains(at); at = at.parentElement?.closest(UNITS)) {
      const found = mark(at) ?? at.querySelector(':scope > .hint, :scope > .field-more .hint')
      if (found) return found
    }
    return field.closest('td')?.parentElement.querySelector('.is-wide.muted') ?? null
  }

  const isField = (one) => !['search', 'file', 'hidden'].includes(one.type) && one.checkVisibility()
  const unexplained = () => all('input, select, textarea, .cm-content').filter((one) => isField(one) && !explanation(one))
  const bare = new Set()
  async function look() {
    await unfold()
    // A page of the guide is fetched when the first field asks it.
    for (let wait = 0; wait < 40 && unexplained().length; wait++) await new Promise((done) => setTimeout(done, 25))
    for (const one of unexplained()) bare.add(nameOf(one))
    await readInfos()
  }

  await look()
  // Every one of several that exclude each other, and every kind of a choice with fields of its own.
  const groups = all('.schema-field > .seg').map((one) => one.getAttribute('aria-label'))
  for (const [at] of groups.entries()) {
    const count = all('.schema-field > .seg')[at]?.children.length ?? 0
    for (let i = 0; i < count; i++) {
      all('.schema-field > .seg')[at]?.children[i]?.click()
      await frame()
      await look()
    }
  }
  for (let at = 0; at < all('.schema-control > select').length; at++) {
    const kinds = [...all('.schema-control > select')[at].options].map((one) => one.value)
    for (const kind of kinds) {
      const select = all('.schema-control > select')[at]
      if (!select || !select.closest('.schema-control').querySelector(':scope > .schema-nest') && select.value) break
      select.value = kind
      select.dispatchEvent(new Event('change', { bubbles: true }))
      await frame()
      await look()
    }
  }
  return { bare: [...bare], said: Object.fromEntries(said), links: all('a[href*="/guide/"]').map((one) => one.getAttribute('href')) }
}
