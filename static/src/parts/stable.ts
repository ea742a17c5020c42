/** The old value where the new one is equal, so that what is drawn from it is not drawn again. */
export const stable = <T>(old: T | undefined, next: T): T => (old !== undefined && JSON.stringify(old) === JSON.stringify(next) ? old : next)
