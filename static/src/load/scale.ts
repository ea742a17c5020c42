/** Round steps for the axes of a drawn curve. */
export interface Scale {
  max: number
  step: number
}

/** A scale for loads: at most five steps of 1, 2, 2.5 or 5 times a power of ten; of users there are no halves. */
export function loadScale(most: number, users = false): Scale {
  const value = Math.max(most, 1e-9)
  const power = 10 ** Math.floor(Math.log10(value / 5))
  // A step of 2.5 makes halves of small loads.
  const parts = power < 10 ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10]
  const step = parts.map((part) => part * power).find((size) => value / size <= 5.2) ?? 10 * power
  const whole = (users || value > 4) && step < 1 ? 1 : step
  return { max: Math.ceil(value / whole - 1e-9) * whole, step: whole }
}

const TIMES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400]

/** A scale for times: it ends where the curve ends. */
export function timeScale(seconds: number, most = 8): Scale {
  const length = Math.max(seconds, 1)
  const step = TIMES.find((size) => length / size <= most) ?? Math.ceil(length / most / 86_400) * 86_400
  return { max: length, step }
}
