// Texts: run.
export const run = {}
