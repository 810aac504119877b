const START = 1
const CONTINUE = 2

const asciiClasses = classifyAscii()

function classifyAscii(): Uint8Array {
  const classes = new Uint8Array(128)
  for (let code = 0; code < 128; code++) {
    const character = String.fromCharCode(code)
    if (/[A-Za-z_]/.test(character)) classes[code] = START | CONTINUE
    else if (/[0-9-]/.test(character)) classes[code] = CONTINUE
  }
  return classes
}

/**
 * Where the identifier that starts at `at` ends; `at` itself when none does. ID_Start ID_Continue* of Unicode, with `_`
 * at the start and `-` after it.
 */
export function identifierEnd(text: string, at: number): number {
  let end = at
  for (;;) {
    const code = text.charCodeAt(end)
    if (code < 128) {
      if (((asciiClasses[code] ?? 0) & (end === at ? START : CONTINUE)) === 0) return end
      end++
    } else {
      // NaN, the code beyond the end, comes here too.
      const width = wideIdentifierWidth(text, end, end === at)
      if (width === 0) return end
      end += width
    }
  }
}

function wideIdentifierWidth(text: string, at: number, first: boolean): number {
  const code = text.codePointAt(at)
  if (code === undefined) return 0
  const character = String.fromCodePoint(code)
  const fits = first ? /^\p{ID_Start}$/u.test(character) : /^\p{ID_Continue}$/u.test(character)
  return fits ? character.length : 0
}

/** Whether the whole text is one identifier. */
export function isIdentifier(text: string): boolean {
  return text !== '' && identifierEnd(text, 0) === text.length
}

/** White space as Unicode has it, which strip markers and flush heredocs remove. */
export function isSpace(code: number): boolean {
  if (code < 128) return code === 0x20 || (code >= 0x09 && code <= 0x0d)
  return (
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  )
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

export function trimSpacesStart(text: string): string {
  let start = 0
  while (start < text.length && isSpace(text.charCodeAt(start))) start++
  return start === 0 ? text : text.slice(start)
}

export function trimSpacesEnd(text: string): string {
  let end = text.length
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--
  return end === text.length ? text : text.slice(0, end)
}
