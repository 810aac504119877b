import type { Expression, TemplateFor, TemplateIf, TemplatePart } from './ast.ts'

/** A quoted string with this value. */
export function printString(value: string): string {
  return `"${escapeSequences(value).replace(/[\\"\x00-\x1f\x7f]/g, escapeCharacter)}"`
}

function escapeCharacter(character: string): string {
  switch (character) {
    case '\n':
      return '\\n'
    case '\r':
      return '\\r'
    case '\t':
      return '\\t'
    case '"':
    case '\\':
      return `\\${character}`
    default:
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  }
}

/** `${` and `%{` as text. */
function escapeSequences(text: string): string {
  return text.includes('{') ? text.replaceAll('${', '$$${').replaceAll('%{', '%%{') : text
}

/**
 * The inside of a template.
 *
 * @param quoted the text is inside of quotes, so its newlines and quotes are escaped.
 * @param isWrap a single interpolation keeps its type; otherwise it is printed so that it does not.
 */
export function printParts(
  parts: readonly TemplatePart[],
  printExpression: (expression: Expression) => string,
  quoted: boolean,
  isWrap: boolean,
): string {
  const printText = (text: string) => (quoted ? printString(text).slice(1, -1) : escapeSequences(text))
  const printAll = (all: readonly TemplatePart[]): string => {
    let printed = ''
    for (const part of all) {
      if (part.kind === 'text') printed += printText(part.text)
      else printed = join(printed, printSequence(part))
    }
    return printed
  }
  const printSequence = (part: Exclude<TemplatePart, { kind: 'text' }>): string => {
    if (part.kind === 'interpolation') return `\${${spaced(printExpression(part.expression))}}`
    return part.kind === 'if' ? printIf(part) : printFor(part)
  }
  const printIf = (part: TemplateIf): string => {
    const whenTrue = `%{if ${spaced(printExpression(part.condition))}}${printAll(part.whenTrue)}`
    const both = part.whenFalse.length > 0 ? join(whenTrue, '%{else}') + printAll(part.whenFalse) : whenTrue
    return join(both, '%{endif}')
  }
  const printFor = (part: TemplateFor): string => {
    const names = part.keyName === undefined ? part.valueName : `${part.keyName}, ${part.valueName}`
    return join(`%{for ${names} in ${spaced(printExpression(part.collection))}}${printAll(part.body)}`, '%{endfor}')
  }
  const [only] = parts
  if (parts.length === 1 && only?.kind === 'interpolation' && !isWrap) return `${printSequence(only).slice(0, -1)}~} `
  return printAll(parts)
}

/** Braces of an object and of the interpolation around it stand apart, as the formatter has them. */
function spaced(text: string): string {
  const start = text.startsWith('{') ? ' ' : ''
  const end = text.endsWith('}') ? ' ' : ''
  return start + text + end
}

/** A `$` before `${` would escape it: a blank that the strip marker removes keeps them apart. The same for `%{`. */
function join(printed: string, sequence: string): string {
  const sign = sequence.charAt(0)
  return printed.endsWith(sign) ? `${printed} ${sign}{~${sequence.slice(2)}` : printed + sequence
}
