// Texts: schema.
export const schema = {}
