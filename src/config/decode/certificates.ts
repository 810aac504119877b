import { X509Certificate } from 'node:crypto'
import type { DiagnosticCode } from '../../diagnostics/codes/index.ts'
import { FunctionError } from '../../hcl/function.ts'
import { text } from './argument.ts'
import type { ArgumentDecoder } from './body.ts'
import { placeOf } from './value.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

/**
 * Certificates of authorities, as a PEM text: that of a file of the project, or one that stands in the argument itself. What
 * stands around them is left out, and a private key is refused: an artifact is for everybody to read.
 */
export const certificates: ArgumentDecoder<string> = site => {
  const refuse = (code: DiagnosticCode, summary: string, detail: string) => {
    site.report.error({ code, summary, detail, ...placeOf(site, site.attribute.expression) })
    return undefined
  }
  const written = text()(site)
  if (written === undefined) return undefined
  const isText = written.includes('-----BEGIN ')
  let pem = written
  try {
    if (!isText) pem = site.evaluation.files?.readText(written) ?? ''
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error
    const [first = '', rest = ''] = [error.message.charAt(0).toUpperCase(), error.message.slice(1)]
    return refuse(error.named?.code ?? 'config/unreadable-file', error.named?.summary ?? `"${written}" cannot be read`, `${first}${rest}.`)
  }
  const what = isText ? `The text of "${site.attribute.name}"` : `"${written}"`
  if (pem.includes('PRIVATE KEY-----'))
    return refuse(
      'config/plain-secret',
      `${what} holds a private key`,
      'What it says is published. Leave the certificates alone in it: the parts from BEGIN CERTIFICATE to END CERTIFICATE.',
    )
  const found = pem.match(CERTIFICATE) ?? []
  const isGood = found.length > 0 && found.every(isCertificate)
  if (isGood) return `${found.join('\n')}\n`
  return refuse(
    'config/wrong-type',
    `${what} holds ${found.length === 0 ? 'no certificate' : 'what is no certificate'}`,
    'It must have certificates of authorities in PEM, each between BEGIN CERTIFICATE and END CERTIFICATE. Convert others:\n  openssl x509 -inform der -in ca.cer -out ca.pem',
  )
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}
