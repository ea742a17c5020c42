// Templates in the code editor: placeholders marked and completed, the form of a function shown while its arguments are typed.
import type { CompletionContext } from '@codemirror/autocomplete'
import { type EditorState, StateEffect, StateField } from '@codemirror/state'
import { Decoration, EditorView, MatchDecorator, showTooltip, type Tooltip, ViewPlugin, type ViewUpdate } from '@codemirror/view'
import { t } from '@/i18n'
import { expressionsOf, openAt, unescaped } from '@/scene/templates'
import { signatureParts } from './signature'
import { fitting, type FunctionWord, isWrong, type Words } from './words'

export type CodeLanguage = 'json' | 'yaml' | 'text'

const KNOWN = Decoration.mark({ class: 'cm-variable' })
const UNKNOWN = Decoration.mark({ class: 'cm-variable is-unknown' })
/** Other names are known than before. */
export const named = StateEffect.define()

/** Marks placeholders, wrong ones apart. */
export function marks(words: () => Words, language: CodeLanguage) {
  const variables = new MatchDecorator({
    regexp: /\\\{\{|\{\{.*?\}\}/g,
    decoration: ([text]) => {
      const [found] = expressionsOf(text, language === 'json')
      return found === undefined ? null : isWrong(found, words()) ? UNKNOWN : KNOWN
    },
  })
  return ViewPlugin.define(
    (view) => ({
      decorations: variables.createDeco(view),
      update(update: ViewUpdate) {
        const again = update.transactions.some((one) => one.effects.some((effect) => effect.is(named)))
        this.decorations = again ? variables.createDeco(update.view) : variables.updateDeco(update, this.decorations)
      },
    }),
    { decorations: (plugin) => plugin.decorations },
  )
}

/** What is being typed at a place of the text: placeholders stand on one line. */
function openIn(state: EditorState, pos: number, language: CodeLanguage) {
  const line = state.doc.lineAt(pos)
  return openAt(language === 'text' ? line.text : unescaped(line.text), pos - line.from)
}

export function completion(words: () => Words, language: CodeLanguage) {
  return (context: CompletionContext) => {
    const open = openIn(context.state, context.pos, language)
    if (!open || open.typed === null || (open.call && fitting(words().list, open, 1).length === 0)) return null
    const options = words().list.map((word) => ({
      label: word.name,
      detail: word.value ?? word.from ?? '',
      apply: (view: EditorView, _: unknown, from: number, to: number) => {
        const name = language === 'text' ? word.name : word.name.replaceAll('"', '\\"')
        const closed = view.state.sliceDoc(to, to + 2) === '}}'
        const [end, insert] = open.call ? [to, name] : [closed ? to + 2 : to, `${name}}}`]
        view.dispatch({ changes: { from, to: end, insert }, selection: { anchor: from + insert.length } })
      },
    }))
    return { from: context.pos - open.typed.length, options, validFor: /^[$\p{L}\p{M}\p{N}_.-]*$/u }
  }
}

/** The form of the function whose arguments are being typed, above the line. */
export function signature(words: () => Words, language: CodeLanguage) {
  function tooltip(state: EditorState): Tooltip | null {
    const { head, empty } = state.selection.main
    const open = empty && !state.readOnly ? openIn(state, head, language) : null
    const word = open?.call && words().functions?.get(open.call.name)
    if (!open?.call || !word) return null
    const { name, argument } = open.call
    return { pos: state.doc.lineAt(head).from + open.from, above: true, create: () => ({ dom: drawn(name, argument, word) }) }
  }
  return StateField.define<Tooltip | null>({
    create: tooltip,
    update: (old, change) => (change.docChanged || change.selection ? tooltip(change.state) : old),
    provide: (field) => showTooltip.from(field),
  })
}

function drawn(name: string, argument: number, word: FunctionWord): HTMLElement {
  const dom = document.createElement('div')
  dom.className = 'cm-signature'
  const code = document.createElement('code')
  code.append(...signatureParts(name, word, argument).map(({ text, on }) => {
    if (!on) return text
    const part = document.createElement('b')
    part.textContent = text
    return part
  }))
  dom.append(code, `${word.title} · ${t('parts.example')} {{${word.example}}}`)
  return dom
}
