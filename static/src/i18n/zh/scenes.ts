// Texts: scenes.
export const scenes = {}
