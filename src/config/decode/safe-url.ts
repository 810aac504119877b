import { text } from './argument.ts'
import type { ArgumentDecoder } from './body.ts'
import { placeOf } from './value.ts'

/** Where credentials or keys go: over https, or to this machine. */
export const safeUrl: ArgumentDecoder<string> = site => {
  const written = text()(site)
  if (written === undefined || isSafe(written)) return written
  site.report.error({
    code: 'config/insecure-url',
    summary: URL.canParse(written) ? `"${written}" is not encrypted` : `"${written}" is not a URL`,
    detail: 'Write an https:// address. http:// is accepted for this machine (127.0.0.1, localhost).',
    ...placeOf(site, site.attribute.expression),
  })
  return undefined
}

function isSafe(written: string): boolean {
  const url = URL.canParse(written) ? new URL(written) : undefined
  if (url === undefined) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname))
}
