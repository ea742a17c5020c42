// The form of a function as it is shown while its arguments are typed.
import { t } from '@/i18n'
import type { FunctionWord } from './words'

interface SignaturePart {
  text: string
  /** Whether it is the argument at the caret. */
  on: boolean
}

/** A function's name and arguments with their types, the one at the caret marked. */
export function signatureParts(name: string, { arguments: list }: FunctionWord, argument: number): SignaturePart[] {
  const here = Math.min(argument, list.at(-1)?.repeated ? list.length - 1 : argument)
  const parts = list.flatMap((one, i): SignaturePart[] => {
    const text = `${one.name}${one.repeated ? ' …' : ''}: ${t(`parts.argument.${one.type}`)}`
    return [...(i ? [{ text: ', ', on: false }] : []), { text: one.required ? text : `[${text}]`, on: i === here }]
  })
  return [{ text: `${name}(`, on: false }, ...parts, { text: ')', on: false }]
}
