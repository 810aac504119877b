/** Runs that may hide a text, with the text that they hide. Only what reads as one is given. */
export function decodedTexts(text: string): readonly { readonly start: number; readonly end: number; readonly text: string }[] {
  const base64 = [...text.matchAll(BASE64)].map(({ index, 0: run }) => ({ index, run, text: Buffer.from(run, 'base64').toString('utf8') }))
  const base16 = [...text.matchAll(BASE16)].map(({ index, 0: run }) => ({ index, run, text: Buffer.from(run, 'hex').toString('utf8') }))
  const shifted = /rot-?13/i.test(text) ? [{ index: 0, run: text, text: rot13(text) }] : []
  return [...base64, ...base16, ...shifted]
    .filter(({ text }) => isReadable(text))
    .map(({ index, run, text }) => ({ start: index, end: index + run.length, text }))
}

const RUN_MAX = 8192
const BASE64 = new RegExp(`(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{20,${RUN_MAX}}={0,2}(?![A-Za-z0-9+/_=-])`, 'g')
const BASE16 = new RegExp(`(?<![A-Za-z0-9])(?:0x)?[a-f0-9]{40,${RUN_MAX}}(?![A-Za-z0-9])`, 'gi')

/** Letters and spaces for the most part; bytes of a picture are not. */
function isReadable(text: string): boolean {
  const plain = text.match(/[\p{L}\p{N} ,.'!?:;\n-]/gu)?.length ?? 0
  return plain >= text.length * 0.9 && / /.test(text)
}

function rot13(text: string): string {
  return text.replace(/[a-z]/gi, letter => {
    const first = letter <= 'Z' ? 65 : 97
    return String.fromCharCode(((letter.charCodeAt(0) - first + 13) % 26) + first)
  })
}
