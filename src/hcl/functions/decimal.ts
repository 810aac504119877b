/** A magnitude as decimal digits: 0.`digits` × 10^`exponent`, without leading or trailing zeros; zero has no digits. */
export interface Decimal {
  readonly digits: string
  readonly exponent: number
}

/** Fewest digits that read back as the same double: what JavaScript prints. */
export function shortestDecimal(value: number): Decimal {
  const [mantissa = '', power = '0'] = Math.abs(value).toExponential().split('e')
  return decimalOf(mantissa.replace('.', ''), Number(power) + 1)
}

/** All digits of the double, which has at most 767 of them: a binary fraction m / 2^n is m × 5^n / 10^n. */
export function exactDecimal(value: number): Decimal {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, Math.abs(value))
  const power = Math.max(bits.getUint16(0) >> 4, 1) - 1075
  const fraction = bits.getBigUint64(0) & 0xf_ffff_ffff_ffffn
  const mantissa = bits.getUint16(0) >> 4 === 0 ? fraction : fraction | 0x10_0000_0000_0000n
  if (power >= 0) {
    const digits = String(mantissa << BigInt(power))
    return decimalOf(digits, digits.length)
  }
  const digits = String(mantissa * 5n ** BigInt(-power))
  return decimalOf(digits, digits.length + power)
}

function decimalOf(digits: string, exponent: number): Decimal {
  const significant = digits.replace(/^0+/, '')
  return { digits: significant.replace(/0+$/, ''), exponent: significant === '' ? 0 : exponent - (digits.length - significant.length) }
}

/** Rounds half to even, to so many digits after the first `count`; a count below zero gives zero. */
export function roundDigits(decimal: Decimal, count: number): Decimal {
  const { digits, exponent } = decimal
  if (count >= digits.length) return decimal
  if (count < 0) return { digits: '', exponent: 0 }
  const kept = digits.slice(0, count)
  const rest = digits.slice(count)
  const half = rest === '5' ? isOdd(kept) : rest.charAt(0) >= '5'
  if (!half) return decimalOf(kept, exponent)
  const raised = String(BigInt(kept === '' ? 0 : kept) + 1n).padStart(count, '0')
  return decimalOf(raised, exponent + raised.length - count)
}

function isOdd(digits: string): boolean {
  return digits !== '' && Number(digits.at(-1)) % 2 === 1
}

/** `123.450`: with so many digits after the point, or as many as there are. */
export function fixedText(decimal: Decimal, fractionDigits?: number): string {
  const { digits, exponent } = fractionDigits === undefined ? decimal : roundDigits(decimal, decimal.exponent + fractionDigits)
  const whole = exponent > 0 ? digits.slice(0, exponent).padEnd(exponent, '0') : '0'
  const fraction = exponent >= 0 ? digits.slice(exponent) : '0'.repeat(-exponent) + digits
  const shown = fractionDigits === undefined ? fraction : fraction.padEnd(fractionDigits, '0').slice(0, fractionDigits)
  return shown === '' ? whole : `${whole}.${shown}`
}

/** `1.2345e+02`: the exponent has a sign and at least two digits. */
export function exponentText(decimal: Decimal, fractionDigits?: number): string {
  const { digits, exponent } = fractionDigits === undefined ? decimal : roundDigits(decimal, fractionDigits + 1)
  const fraction = fractionDigits === undefined ? digits.slice(1) : digits.slice(1).padEnd(fractionDigits, '0')
  const power = digits === '' ? 0 : exponent - 1
  const point = fraction === '' ? '' : `.${fraction}`
  return `${digits.charAt(0) || '0'}${point}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

/** Go's `%g`: with an exponent below 1e-4 and from 10^precision on, which is 6 where none is given; no trailing zeros. */
export function generalText(value: number, significantDigits?: number): string {
  const precision = significantDigits === undefined ? undefined : Math.max(significantDigits, 1)
  const decimal = precision === undefined ? shortestDecimal(value) : roundDigits(exactDecimal(value), precision)
  const power = decimal.exponent - 1
  const withExponent = decimal.digits !== '' && (power < -4 || power >= (precision ?? 6))
  return withExponent ? exponentText(decimal) : fixedText(decimal)
}
