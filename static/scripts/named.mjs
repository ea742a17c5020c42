// A rule of ESLint: what a screen reader calls by its name has one, and what keys reach has a role.

const ROLES = new Set(['dialog', 'grid', 'group', 'listbox', 'menu', 'progressbar', 'radiogroup', 'region', 'search', 'table', 'tablist', 'toolbar', 'tree', 'treegrid'])
/** Elements without a role of their own; a name on them is not read. */
const GENERIC = new Set(['div', 'i', 'p', 'pre', 'span'])

function attribute(node, name) {
  return node.startTag.attributes.find(({ directive, key }) => (directive ? key.argument?.name : key.name) === name)
}

/** What the element is, where it needs a name: a table, a role, or something that scrolls by keyboard. */
function kindOf(node) {
  const role = attribute(node, 'role')?.value?.value
  if (node.name === 'table' || ROLES.has(role)) return role ?? 'table'
  return !role && attribute(node, 'tabindex')?.value?.value === '0' ? 'tabindex' : null
}

/** Whether keys reach an element of which a screen reader does not know what it is. */
function isRoleless(node) {
  return GENERIC.has(node.name) && attribute(node, 'tabindex')?.value?.value === '0' && !attribute(node, 'role')
}

function isNamed(node) {
  if (attribute(node, 'aria-label') || attribute(node, 'aria-labelledby')) return true
  return node.name === 'table' && node.children.some((child) => child.name === 'caption')
}

export default {
  meta: { type: 'problem', schema: [], messages: { nameless: '{{kind}} needs aria-label or aria-labelledby', roleless: 'tabindex needs a role, such as group' } },
  create(context) {
    return context.sourceCode.parserServices.defineTemplateBodyVisitor({
      VElement(node) {
        const kind = kindOf(node)
        if (kind && !isNamed(node)) context.report({ loc: node.startTag.loc, messageId: 'nameless', data: { kind } })
        if (isRoleless(node)) context.report({ loc: node.startTag.loc, messageId: 'roleless' })
      },
    })
  },
}
