import type { zh } from '../zh'

export const session: (typeof zh)['session'] = {
  signIn: 'Sign in',
  username: 'Username',
  password: 'Password',
}
