import { OperationError } from '../diagnostics/operation-error.ts'

/** @throws OperationError `redis/invalid-url`; the text of the url, which may have a password in it, is not in it. */
export function readRedisAddress(written: string): { readonly url: string; readonly name: string } {
  const url = URL.canParse(written) ? new URL(written) : undefined
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === '' || !/^\/?\d*$/.test(url.pathname)) {
    throw new OperationError({
      code: 'redis/invalid-url',
      summary: 'The url of cache "redis" is not one by which Redis is reached',
      detail:
        'It does not have the form redis://USER:PASSWORD@HOST:PORT/NUMBER, or rediss:// for TLS. ' +
        'Characters like @ and / in user and password are written as % and two hex digits. No call was made.',
    })
  }
  return { url: url.href, name: `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}` }
}
