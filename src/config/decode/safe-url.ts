import { text } from './argument.ts'
import type { ArgumentDecoder } from './body.ts'
import { concealed } from './deferred.ts'
import type { ArgumentSite } from './site.ts'
import { placeOf } from './value.ts'

/** Where credentials or keys go, without any in the address itself; whether it is encrypted is for the block to say. */
export const plainUrl: ArgumentDecoder<string> = site => {
  const written = text()(site)
  return written !== undefined && hasCredentials(written) ? refuseCredentials(site) : written
}

/** Where credentials or keys go: over https, or to this machine. */
export const safeUrl: ArgumentDecoder<string> = site => {
  const written = plainUrl(site)
  if (written === undefined || isSafe(written)) return written
  site.report.error({
    code: 'config/insecure-url',
    summary: URL.canParse(written) ? `"${written}" is not encrypted` : `"${written}" is not a URL`,
    detail: 'Write an https:// address. http:// is accepted for this machine (127.0.0.1, localhost).',
    ...placeOf(site, site.attribute.expression),
  })
  return undefined
}

/** @param mayBePlain also to another machine. */
export function isSafe(written: string, mayBePlain = false): boolean {
  const url = URL.parse(written)
  if (url === null) return false
  if (mayBePlain && url.protocol === 'http:') return true
  return url.protocol === 'https:' || (url.protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname))
}

function hasCredentials(written: string): boolean {
  const url = URL.parse(written)
  return url !== null && (url.username !== '' || url.password !== '')
}

/** `https://ana:hunter2@example.com`: the message shows nothing of it. */
export function refuseCredentials(site: ArgumentSite): undefined {
  const { name, expression } = site.attribute
  site.report.error({
    ...placeOf(site, expression),
    subject: concealed(expression.range),
    code: 'config/plain-secret',
    summary: `The address in "${name}" holds credentials`,
    detail:
      'Everybody who can read the configuration would see them. Take them out of the address, and give them in the arguments that are for credentials, as secret("NAME").',
  })
  return undefined
}
