// Texts: runs.
export const runs = {}
