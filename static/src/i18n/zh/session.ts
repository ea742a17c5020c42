// Texts: sign-in, registration, own profile.
export const session = {
  signIn: '登录',
  username: '用户名',
  password: '密码',
}
