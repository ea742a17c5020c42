// Texts: start.
export const start = {}
