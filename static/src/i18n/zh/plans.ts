// Texts: plans.
export const plans = {}
