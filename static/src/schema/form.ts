// The form that a field is in.
import type { InjectionKey } from 'vue'

/** The path of its values. */
export const FORM: InjectionKey<() => string> = Symbol('form')
