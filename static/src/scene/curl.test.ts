import { expect, it } from 'vitest'
import { fromCurl, isCurl } from './curl'

const of = (text: string) => fromCurl(text)?.step.request
const left = (text: string) => fromCurl(text)?.left

it('reads what browsers and API tools copy', () => {
  const chrome = `curl 'https://shop.example.com/api/orders?page=1' \\
  -X 'POST' \\
  -H 'accept: application/json' \\
  -H 'content-type: application/json' \\
  -H 'content-length: 12' \\
  -b 'sid=1; theme=dark' \\
  --data-raw $'{"note":"it\\'s\\\\u0021 \\u4f60","n":1}' \\
  --compressed`
  expect(of(chrome)).toEqual({
    method: 'POST', url: 'https://shop.example.com/api/orders?page=1',
    headers: { accept: 'application/json', Cookie: 'sid=1; theme=dark' }, json: { note: "it's! 你", n: 1 },
  })
  expect(fromCurl(chrome)).toMatchObject({ step: { type: 'request', name: 'POST /api/orders' }, left: [] })
  const postman = 'curl --location --request PUT \'{{base}}/items/1\' \\\n--header \'Content-Type: application/json\' \\\n--data \'{\n    "name": "a b"\n}\''
  expect(of(postman)).toEqual({ method: 'PUT', url: '{{base}}/items/1', json: { name: 'a b' }, follow_redirects: true })
  const windows = 'curl "http://a/b?x=1^&y=2" ^\r\n  -H "Accept: */*" ^\r\n  --data-raw "^{^\\"a^\\":1^}"'
  expect(of(windows)).toEqual({ method: 'POST', url: 'http://a/b?x=1&y=2', headers: { Accept: '*/*' }, json: { a: 1 } })
})
it('reads forms, users and options that stand together', () => {
  expect(of('curl -sXPOST http://a/login -d user=ann -d "pass=s%201"')).toEqual({ method: 'POST', url: 'http://a/login', form: { user: 'ann', pass: 's 1' } })
  expect(of('curl a.example/x -u ann:s1 -I')).toEqual({ method: 'HEAD', url: 'http://a.example/x', auth: { type: 'basic', username: 'ann', password: 's1' } })
  expect(of('curl -G http://a/s -d q=x --data-urlencode "t=a b"')).toEqual({ method: 'GET', url: 'http://a/s?q=x&t=a%20b' })
  expect(of('curl http://a/up -F name=x -F "photo=@/tmp/a.png;type=image/png" -H "Content-Type: multipart/form-data"')).toEqual({
    method: 'POST', url: 'http://a/up', multipart: [{ name: 'name', value: 'x' }, { name: 'photo', value: '', filename: 'a.png', content_type: 'image/png' }],
  })
  expect(of("curl http://a/x -H 'Content-Type: text/xml' --data '<a/>'")).toEqual({ method: 'POST', url: 'http://a/x', headers: { 'Content-Type': 'text/xml' }, body: '<a/>' })
  expect(fromCurl('curl http://a -m 2.5 --http2')?.step).toMatchObject({ name: 'GET /', timeout: 2500, request: { http_version: '2' } })
  expect(of("curl http://a -H 'X-A: 1' -H 'X-A: 2'")).toMatchObject({ headers: { 'X-A': ['1', '2'] } })
})
it('names what it leaves out', () => {
  expect(left('curl -k --proxy http://p:1 http://a/ -o out.txt')).toEqual(['-k', '--proxy'])
  expect(left('curl http://a/ --data-binary @big.json')).toEqual(['--data-binary @big.json'])
  expect(of('curl http://a/ | jq .')).toEqual({ method: 'GET', url: 'http://a/' })
})
it('reads what the command line of Windows escapes', () => {
  const chrome = 'curl ^"https://x.example/y?a=1^&b=2^" ^\r\n  -b ^"sid=1; t=2^" ^\r\n  -H ^"content-type: application/json^" ^\r\n  --data-raw ^"^{^\\^"a^\\^":^\\^"50^% off^\\^"^}^"'
  expect(of(chrome)).toEqual({ method: 'POST', url: 'https://x.example/y?a=1&b=2', headers: { Cookie: 'sid=1; t=2' }, json: { a: '50% off' } })
  expect(of('curl ^"http://a/^" ^\r\n  --data-raw ^"a^\r\n\r\nb^"')).toEqual({ method: 'POST', url: 'http://a/', body: 'a\nb' })
})
it('reads the parts of a form as Postman and browsers write them', () => {
  const postman = `curl --location 'http://a/up' --form 'file=@"/C:/Users/a b/photo.png"' --form 'note="hello; world"' --form 'meta="{\\"a\\":1}";type=application/json'`
  expect(of(postman)).toMatchObject({ multipart: [{ name: 'file', value: '', filename: 'photo.png' }, { name: 'note', value: 'hello; world' }, { name: 'meta', value: '{"a":1}', content_type: 'application/json' }] })
  const lines = ['--B', 'Content-Disposition: form-data; name="a"', '', '1', '--B', 'Content-Disposition: form-data; name="f"; filename="x.png"', 'Content-Type: image/png', '', '', '--B--', '']
  const chrome = `curl 'http://a/up' -H 'content-type: multipart/form-data; boundary=B' --data-raw $'${lines.join('\\r\\n')}'`
  expect(of(chrome)).toEqual({ method: 'POST', url: 'http://a/up', multipart: [{ name: 'a', value: '1' }, { name: 'f', value: '', filename: 'x.png', content_type: 'image/png' }] })
  expect(left(chrome)).toEqual(['f=@x.png'])
})
it('reads rarer options', () => {
  expect(of('curl --json \'{"a":1}\' http://a')).toEqual({ method: 'POST', url: 'http://a', headers: { Accept: 'application/json' }, json: { a: 1 } })
  expect(of("curl http://a/x --url-query 'q=a b' -H 'X-Empty;' -H 'Accept:'")).toEqual({ method: 'GET', url: 'http://a/x?q=a%20b', headers: { 'X-Empty': '' } })
  expect(of('curl http://a \\  \n  --http2-prior-knowledge')).toEqual({ method: 'GET', url: 'http://a', http_version: '2' })
  expect(of('curl ‘http://a/x’ -H “X-A: 1”')).toEqual({ method: 'GET', url: 'http://a/x', headers: { 'X-A': '1' } })
  expect(of("curl http://a -d $'a\\0b\\x41\\ud83d\\ude00'")).toMatchObject({ body: 'a\0bA😀' })
})
it('names requests, files and variables of a shell that it does not take', () => {
  expect(left('curl http://a http://b --next http://c -d x')).toEqual(['http://b', '--next'])
  expect(of('curl -T big.bin http://a/x')).toEqual({ method: 'PUT', url: 'http://a/x' })
  expect(left('curl -T big.bin --aws-sigv4 "aws:amz:x:s3" -H @heads http://a/x')).toEqual(['--upload-file big.bin', '--aws-sigv4', '--header @heads'])
  expect(left('curl -H "Authorization: Bearer $TOKEN" \'http://a/$x\' 2>/dev/null -k')).toEqual(['$TOKEN'])
})
it('takes nothing else', () => {
  expect(fromCurl('wget http://a')).toBeNull()
  expect(fromCurl("curl 'http://a")).toBeNull()
  expect(fromCurl('curl -X POST')).toBeNull()
  expect(fromCurl(`curl http://a -d ${'x'.repeat(1_000_001)}`)).toBeNull()
  expect(isCurl('  $ curl http://a')).toBe(true)
})
