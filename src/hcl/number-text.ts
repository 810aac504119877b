/**
 * A number as text: the shortest decimal that reads back as the same double, never with an exponent (NUM-3).
 * JavaScript's own text has one from 1e21 and below 1e-6.
 */
export function formatNumber(value: number): string {
  const text = String(value)
  const at = text.indexOf('e')
  if (at < 0) return text
  const sign = text.startsWith('-') ? '-' : ''
  const [whole = '', fraction = ''] = text.slice(sign.length, at).split('.')
  const digits = whole + fraction
  const point = whole.length + Number(text.slice(at + 1))
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return sign + digits.padEnd(point, '0')
}

/**
 * Reads decimal text, with fraction and exponent, as HCL converts strings to numbers.
 *
 * @returns undefined when it is not a number; `inexact` when it is an integer beyond ±(2^53−1) or too large for a double (NUM-2).
 */
export function parseNumber(text: string): number | 'inexact' | undefined {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return undefined
  const value = Number(text)
  if (!Number.isFinite(value)) return 'inexact'
  return isRoundedInteger(text, value) ? 'inexact' : value
}

/** An integer, written digit by digit, that a double would silently round: 9007199254740993 and …992 would be one digest (NUM-2). */
export function isRoundedInteger(text: string, value: number): boolean {
  return Math.abs(value) > Number.MAX_SAFE_INTEGER && /^[+-]?\d+$/.test(text)
}

/** A number as configuration writes it: with an exponent where digits alone would be refused as rounded. */
export function numberLiteral(value: number): string {
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : formatNumber(value)
}
