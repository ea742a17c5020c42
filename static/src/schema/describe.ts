/** From a JSON Schema to the fields of a form, in one language. */
import type { Field, FieldKind, JsonSchema, Language, Variant } from './types'

interface Context {
  root: JsonSchema
  language: Language
  /** `$ref`s that are being read, so that a schema which holds itself ends in a JSON field. */
  open: string[]
}

// Schemas come from the service and are never changed.
const described = new WeakMap<JsonSchema, { language: Language; fields: Field[] }>()

/** The fields of an object's schema, in the order in which they should stand. */
export function fieldsOf(schema: JsonSchema | null | undefined, language: Language): Field[] {
  if (!schema) return []
  const known = described.get(schema)
  if (known?.language === language) return known.fields
  const fields = objectFields(schema, { root: schema, language, open: [] })
  described.set(schema, { language, fields })
  return fields
}

function objectFields(schema: JsonSchema, context: Context): Field[] {
  const required = new Set(schema.required ?? [])
  const alternatives = alternativesOf(schema)
  const fields = Object.entries(schema.properties ?? {})
    .filter(([, property]) => property.const === undefined)
    .map(([key, property], i) => ({ ...fieldOf(key, property, required.has(key), i, context), oneNeeded: alternatives.has(key) }))
  return fields.toSorted((a, b) => a.order - b.order)
}

/** The names of the fields of which exactly one must be there. */
function alternativesOf(schema: JsonSchema): Set<string> {
  const choices = [schema, ...(schema.allOf ?? [])].map((one) => one.oneOf ?? [])
  return new Set(choices.filter((options) => options.every((one) => one.required?.length === 1)).flatMap((options) => options.map((one) => one.required![0]!)))
}

function fieldOf(key: string, given: JsonSchema, required: boolean, place: number, context: Context): Field {
  const { schema: outer, context: inside } = opened(given, context)
  const { schema, optional } = withoutNull(outer)
  const { schema: plain, context: within } = opened(schema, inside)
  const hints = { ...plain, ...outer, ...given }
  const base: Field = {
    key,
    kind: kindOf(plain, hints, within),
    label: textOf(hints, 'title', context.language) || key,
    help: textOf(given, 'description', context.language) || textOf(plain, 'x-help', context.language),
    required,
    optional: optional || !required,
    advanced: hints['x-advanced'] === true,
    template: hints['x-template'] === true,
    order: typeof hints['x-order'] === 'number' ? hints['x-order'] : place,
    exclusive: typeof hints['x-exclusive'] === 'string' ? hints['x-exclusive'] : null,
    oneNeeded: false,
    fallback: hints.default,
    example: example(hints),
  }
  if (isPem(hints)) base.pem = true
  if (hints.format === 'datafile') base.files = takesNumber(plain) ? 'id' : 'name'
  return { ...base, ...DETAILS[base.kind](plain, hints, within) }
}

const isPem = (hints: JsonSchema) => /PEM/.test(hints.title ?? '')
const takesNumber = (schema: JsonSchema): boolean => schema.type === 'integer' || (schema.anyOf ?? []).some(takesNumber)

/** A schema with its reference followed; one that is being read already is left open. */
function opened(schema: JsonSchema, context: Context): { schema: JsonSchema; context: Context } {
  const name = schema.$ref
  if (!name) return { schema, context }
  if (context.open.includes(name)) return { schema: {}, context }
  const target = context.root.$defs?.[name.replace(/^#\/(\$defs|components\/schemas)\//, '')] ?? {}
  const { $ref: _, ...beside } = schema
  return { schema: { ...target, ...beside }, context: { ...context, open: [...context.open, name] } }
}

function withoutNull(schema: JsonSchema): { schema: JsonSchema; optional: boolean } {
  const choices = schema.anyOf
  if (!choices) return { schema, optional: false }
  const rest = choices.filter((one) => one.type !== 'null')
  const { anyOf: _, ...beside } = schema
  const only = rest.length === 1 ? { ...rest[0]!, ...beside } : { ...beside, anyOf: rest }
  return { schema: only, optional: rest.length < choices.length }
}

function kindOf(schema: JsonSchema, hints: JsonSchema, context: Context): FieldKind {
  if (schema.oneOf) return 'union'
  if (hints['x-line'] === true) return 'value'
  if (schema.enum || hints.enum || enumBesides(schema)) return 'choice'
  if (hints.format === 'datafile') return isPem(hints) ? 'long' : 'datafile'
  const type = Array.isArray(schema.type) ? schema.type.find((one) => one !== 'null') : schema.type
  if (type === 'boolean') return 'switch'
  if (type === 'integer' || type === 'number') return 'number'
  if (type === 'string') return textKind(schema, hints)
  if (type === 'array') return listKind(schema, context)
  return type === 'object' ? mapKind(schema, context) : scalarUnion(schema)
}

/** The values of an enumeration beside which a whole number may stand, such as `first` or 2. */
function enumBesides(schema: JsonSchema): unknown[] | null {
  const options = schema.anyOf ?? []
  const named = options.find((one) => one.enum)
  const numbered = options.some((one) => one.type === 'integer')
  return options.length === 2 && named && numbered ? [...named.enum!, 2, 3, 4, 5] : null
}

function textKind(schema: JsonSchema, hints: JsonSchema): FieldKind {
  if (hints.format === 'password') return 'secret'
  if (hints.contentMediaType === 'application/json') return 'json'
  // One of several forms of what is sent: it may have many lines.
  if (hints['x-exclusive'] !== undefined && hints['x-template'] === true) return 'long'
  const unbounded = schema.maxLength === undefined && schema.pattern === undefined && !('default' in hints && hints.default)
  const pem = /PEM|proto/i.test(hints.title ?? '')
  return pem || hints.contentMediaType !== undefined || (unbounded && hints['x-long'] === true) ? 'long' : 'text'
}

function listKind(schema: JsonSchema, context: Context): FieldKind {
  const items = schema.items && opened(schema.items, context).schema
  if (!items || Object.keys(items).length === 0) return 'json'
  return items.type === 'object' && !items.properties ? 'json' : 'list'
}

function mapKind(schema: JsonSchema, context: Context): FieldKind {
  if (schema.properties) return 'object'
  const values = valuesOf(schema)
  if (!values) return 'json'
  const value = opened(values, context).schema
  return isScalar(value) || value.oneOf || value.properties || value.type === 'object' ? 'map' : 'json'
}

/** The schema of the values of a map; where the names must have a form, the schema stands beside it. */
function valuesOf(schema: JsonSchema): JsonSchema | null {
  const values = schema.additionalProperties
  if (values !== null && typeof values === 'object') return values
  const named = Object.values(schema.patternProperties ?? {})
  return named.length === 1 ? named[0]! : null
}

function scalarUnion(schema: JsonSchema): FieldKind {
  const options = schema.anyOf ?? []
  if (options.length > 0 && options.every(isScalar)) return 'text'
  return options.some((one) => one.type === 'string') ? 'value' : 'json'
}

function isScalar(schema: JsonSchema): boolean {
  if (schema.anyOf) return schema.anyOf.some(isScalar)
  return ['string', 'integer', 'number', 'boolean'].includes(String(schema.type))
}

type Details = (schema: JsonSchema, hints: JsonSchema, context: Context) => Partial<Field>

const none: Details = () => ({})
const text: Details = (schema) => ({
  ...(schema.maxLength === undefined ? {} : { longest: schema.maxLength }),
  ...(schema.pattern === undefined ? {} : { pattern: schema.pattern }),
})

const DETAILS: Record<FieldKind, Details> = {
  text,
  long: text,
  secret: text,
  json: none,
  // Where a text may stand and a number may not, only lists and objects are read as JSON.
  value: (schema) => ({ wordy: schema.anyOf !== undefined && !schema.anyOf.some((one) => ['integer', 'number', 'boolean'].includes(String(one.type))) }),
  switch: none,
  datafile: none,
  number: (schema) => ({
    integer: schema.type === 'integer',
    ...(schema.minimum === undefined ? {} : { min: schema.minimum }),
    ...(schema.exclusiveMinimum === undefined ? {} : { min: schema.exclusiveMinimum }),
    ...(schema.maximum === undefined ? {} : { max: schema.maximum }),
    ...(schema.exclusiveMaximum === undefined ? {} : { max: schema.exclusiveMaximum }),
  }),
  choice: (schema, hints, { language }) => ({
    choices: (schema.enum ?? hints.enum ?? enumBesides(schema) ?? []).map((value) => ({ value, label: enumLabel(value, hints, language) })),
  }),
  object: (schema, _, context) => ({ fields: objectFields(schema, context) }),
  list: (schema, _, context) => ({ item: fieldOf('', schema.items ?? {}, true, 0, context) }),
  map: (schema, _, context) => ({
    item: fieldOf('', valuesOf(schema)!, true, 0, context),
  }),
  union: (schema, _, context) => ({
    discriminator: schema.discriminator?.propertyName ?? 'type',
    variants: (schema.oneOf ?? []).map((one, i) => variant(one, i, schema, context)),
  }),
}

function variant(given: JsonSchema, place: number, union: JsonSchema, context: Context): Variant {
  const { schema, context: inside } = opened(given, context)
  const key = union.discriminator?.propertyName ?? 'type'
  const own = schema.properties?.[key]
  const value = String(own?.const ?? own?.default ?? place)
  const field = fieldOf('', { type: 'object', ...schema }, true, place, inside)
  return { value, label: enumLabel(value, { ...own, ...union }, context.language), field }
}

function enumLabel(value: unknown, hints: JsonSchema, language: Language): string {
  const labels = hints[`x-enum-${language}`]
  const found = typeof labels === 'object' && labels !== null ? (labels as Record<string, unknown>)[String(value)] : null
  return typeof found === 'string' ? found : String(value)
}

function textOf(schema: JsonSchema, name: 'title' | 'description' | 'x-help', language: Language): string {
  const ours = schema[`x-${name}-zh`]
  if (language === 'zh' && typeof ours === 'string') return ours
  const plain = schema[name]
  return typeof plain === 'string' ? plain : ''
}

function example(hints: JsonSchema): string {
  const first = hints.examples?.[0]
  if (first !== undefined) return typeof first === 'string' ? first : JSON.stringify(first)
  const fallback = hints.default
  return typeof fallback === 'string' || typeof fallback === 'number' ? String(fallback) : ''
}
