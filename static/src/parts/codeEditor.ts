// CodeMirror, loaded when a code field is first shown. It lives in a shadow root, where its styles are adopted
// stylesheets: the service's policy would block the <style> that it writes into a document.
import { autocompletion, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { json } from '@codemirror/lang-json'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { linter, lintGutter } from '@codemirror/lint'
import { Compartment, EditorState } from '@codemirror/state'
import { EditorView, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { type CodeFault, faultText, jsonFault, yamlFault } from './codeFaults'
import { type CodeLanguage, completion, marks, named, signature } from './codeTemplates'
import type { Words } from './words'

interface Options {
  root: ShadowRoot
  text: string
  language: CodeLanguage
  label: string
  readonly: boolean
  words: () => Words
  changed: (text: string) => void
}

const look = EditorView.theme({
  '&': { color: 'var(--text)', backgroundColor: 'var(--surface)', fontSize: '13px', border: '1px solid var(--control)', borderRadius: 'var(--radius)', overflow: 'hidden' },
  '&.cm-focused': { outline: '2px solid var(--brand)', outlineOffset: '-1px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '21px', minHeight: 'var(--code-least, 0)', maxHeight: 'var(--code-height, 420px)', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--text)', padding: '8px 0' },
  '.cm-gutters': { backgroundColor: 'var(--surface)', color: 'var(--second)', border: '0', fontSize: '12px' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground': { backgroundColor: 'color-mix(in srgb, var(--brand) 24%, transparent) !important' },
  '.cm-variable': { backgroundColor: 'var(--brand-soft)', color: 'var(--brand)', borderRadius: '3px', fontWeight: '600' },
  '.cm-variable *': { color: 'inherit !important' },
  '.cm-variable.is-unknown': { backgroundColor: 'var(--fail-soft)', color: 'var(--fail)', textDecoration: 'underline wavy' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', color: 'var(--text)', border: '1px solid var(--line)', borderRadius: '8px', boxShadow: 'var(--shadow-up)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--brand-soft)', color: 'var(--text)' },
  '.cm-signature': { padding: '4px 8px', fontFamily: 'var(--sans)', fontSize: '12px', color: 'var(--second)', maxWidth: '440px' },
  '.cm-signature code': { display: 'block', fontFamily: 'var(--mono)', fontSize: '12.5px', color: 'var(--text)' },
  '.cm-signature b': { color: 'var(--brand)', textDecoration: 'underline', textUnderlineOffset: '3px' },
  '.cm-completionDetail': { color: 'var(--second)', fontStyle: 'normal' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--fail)' },
})

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--text)' },
  { tag: [tags.string, tags.content], color: 'var(--pass)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--p95)' },
  { tag: [tags.comment, tags.punctuation], color: 'var(--second)' },
])

// A browser that types over marked text carries its colours along as inline styles, which the policy blocks.
const typedOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    if (event.inputType !== 'insertText' || !event.data || view.state.selection.main.empty || view.state.readOnly) return false
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: 'input.type', scrollIntoView: true })
    event.preventDefault()
    return true
  },
})

/** Underlines where the text stops being what it should be. */
const judged = (faultIn: (text: string) => CodeFault | null | Promise<CodeFault | null>) => [
  linter(async ({ state }) => {
    const text = state.doc.toString()
    const fault = text.trim() ? await faultIn(text) : null
    return fault ? [{ from: Math.min(fault.at, text.length), to: Math.min(fault.at + 1, text.length), severity: 'error' as const, message: faultText(fault) }] : []
  }),
  lintGutter(),
]
const LANGUAGES = { json: () => [json(), ...judged(jsonFault)], yaml: () => [yaml(), ...judged(yamlFault)], text: () => [] }

export function openEditor({ root, text, language, label, readonly, words, changed }: Options) {
  const fixed = new Compartment()
  // What the page shows is no edit: told of it, the page would take it for one and forget what can be redone.
  let showing = false
  const locked = (on: boolean) => [EditorState.readOnly.of(on), EditorView.editable.of(!on)]
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), history(), indentOnInput(), bracketMatching(), EditorView.lineWrapping, look, syntaxHighlighting(colours), marks(words, language), signature(words, language), typedOver,
        ...LANGUAGES[language](),
        autocompletion({ override: [completion(words, language)], icons: false }),
        keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
        EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
        fixed.of(locked(readonly)),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !showing) changed(update.state.doc.toString())
        }),
      ],
    }),
  })
  // Its styles are adopted after it has measured itself for the first time.
  requestAnimationFrame(() => view.requestMeasure())
  return {
    show(next: string): void {
      const now = view.state.doc.toString()
      if (next === now) return
      showing = true
      view.dispatch({ changes: { from: 0, to: now.length, insert: next } })
      showing = false
    },
    /** Mark the placeholders again, as other names are known. */
    remark: () => view.dispatch({ effects: named.of(null) }),
    lock: (on: boolean) => view.dispatch({ effects: fixed.reconfigure(locked(on)) }),
    insert(piece: string): void {
      view.dispatch(view.state.replaceSelection(piece))
      view.focus()
    },
    close: () => view.destroy(),
  }
}
