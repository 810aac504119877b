/**
 * Splits a line into words as a shell does: blanks separate, quotes keep together, a backslash takes the next character
 * as it is (inside double quotes only before `"` and `\`). For FLOWRUN_CLI_ARGS, which holds flags as they are typed.
 */
export function splitWords(line: string): readonly string[] {
  const words: string[] = []
  const pattern = /((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)/gs
  for (const [word] of line.matchAll(pattern)) words.push(unquote(word))
  return words
}

function unquote(word: string): string {
  return word.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs, (_, single?: string, double?: string, escaped?: string) => {
    if (single !== undefined) return single
    return double === undefined ? (escaped ?? '') : double.replace(/\\(["\\])/g, '$1')
  })
}
