/** JSON Schema as our plugins write it, and the fields that a form makes of it. */
export type Language = 'zh' | 'en'

export interface JsonSchema {
  $ref?: string
  $defs?: Record<string, JsonSchema>
  type?: string | string[]
  title?: string
  description?: string
  default?: unknown
  const?: unknown
  enum?: unknown[]
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  allOf?: JsonSchema[]
  discriminator?: { propertyName: string; mapping?: Record<string, string> }
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: boolean | JsonSchema
  patternProperties?: Record<string, JsonSchema>
  items?: JsonSchema
  minItems?: number
  maxItems?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  format?: string
  contentMediaType?: string
  examples?: unknown[]
  [hint: `x-${string}`]: unknown
}

const FIELD_KINDS = [
  'text', 'long', 'secret', 'number', 'switch', 'choice', 'map', 'list', 'object', 'union', 'json', 'value', 'datafile',
] as const
export type FieldKind = (typeof FIELD_KINDS)[number]

export interface Variant {
  /** The discriminator's value, or a number where the union has none. */
  value: string
  label: string
  field: Field
}

export interface Field {
  key: string
  kind: FieldKind
  label: string
  help: string
  required: boolean
  /** Whether null, or leaving it out, is a value of its own. */
  optional: boolean
  advanced: boolean
  template: boolean
  order: number
  exclusive: string | null
  /** Whether one of the fields that exclude each other must be filled in. */
  oneNeeded: boolean
  fallback: unknown
  example: string
  /** Whether the text is a certificate or a key, which comes in a file. */
  pem?: boolean
  /** Whether the value names a data file of the project, and how. */
  files?: 'name' | 'id'
  integer?: boolean
  /** Of a value of several types: whether what reads as a number is a text all the same. */
  wordy?: boolean
  min?: number
  max?: number
  longest?: number
  pattern?: string
  choices?: { value: unknown; label: string }[]
  fields?: Field[]
  item?: Field
  variants?: Variant[]
  discriminator?: string
}
