/** A text as it is read: in small letters, without what is not seen, and with look-alikes as what they look like. */
export interface NormalText {
  readonly text: string
  /** For each UTF-16 unit of `text`, where it comes from. */
  readonly from: Uint32Array
  /** Signs that nobody sees were taken out of the middle of words. */
  readonly hidden: number
}

/** Cyrillic and Greek letters that look like Latin ones. */
const LOOK_ALIKES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    а: 'a',
    е: 'e',
    о: 'o',
    р: 'p',
    с: 'c',
    у: 'y',
    х: 'x',
    і: 'i',
    ј: 'j',
    ѕ: 's',
    һ: 'h',
    ԁ: 'd',
    ո: 'n',
    ν: 'v',
    ο: 'o',
    α: 'a',
    ι: 'i',
    ρ: 'p',
  }),
)
const INVISIBLE = /[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069]/
const LEET: ReadonlyMap<string, string> = new Map(
  Object.entries({ '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's' }),
)
const CYRILLIC_WORD_MIN = 2
/** Most words, and most of what stands between them: nothing of it looks like something else. */
const PLAIN = /^(?:[a-z]{1,64}|[^\P{ASCII}\w@$])$/iu

export function normalText(original: string): NormalText {
  const out: string[] = []
  const from: number[] = []
  let hidden = 0
  // `step` is 0 where all of the characters come from one.
  const push = (characters: string, at: number, step: 0 | 1) => {
    out.push(characters)
    for (let unit = 0; unit < characters.length; unit++) from.push(at + unit * step)
  }
  for (const { index, 0: word } of original.matchAll(
    /[\p{L}\p{M}\p{N}@$\u00ad\u200b-\u200f\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069]{1,64}|[\s\S]/gu,
  )) {
    if (PLAIN.test(word)) {
      push(word.toLowerCase(), index, 1)
      continue
    }
    const plain = readableWord(word)
    let at = index
    for (const character of word) {
      if (INVISIBLE.test(character)) hidden++
      else push(plain(character), at, 0)
      at += character.length
    }
  }
  return { text: out.join(''), from: Uint32Array.from(from), hidden }
}

/** How the letters of a word are read: a word of Latin letters with one from elsewhere in it is one of Latin letters. */
function readableWord(word: string): (character: string) => string {
  const hasLatin = /\p{Script=Latin}/u.test(word)
  const foreign = word.match(/[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}]/gu)?.length ?? 0
  const isMixed = hasLatin && foreign > 0 && foreign < Math.max(CYRILLIC_WORD_MIN, word.length)
  const isLeet = hasLatin && /[a-z][013457@$]|[013457@$][a-z]/i.test(word) && !/^\d+(?:st|nd|rd|th|a|b|s)?$/i.test(word)
  return character => {
    const small = character < '\u0080' ? character.toLowerCase() : character.normalize('NFKC').toLowerCase()
    return (isMixed ? LOOK_ALIKES.get(small) : undefined) ?? (isLeet ? LEET.get(small) : undefined) ?? small
  }
}

/** `i g n o r e  p r e v i o u s`: words whose letters stand apart are put together; two spaces part them. */
const SPACED = /(?<!\p{L})\p{L}(?:[ \t._-]{1,3}\p{L}(?!\p{L})){5,400}/gu

export function spacedWords(text: string): readonly { readonly start: number; readonly end: number; readonly text: string }[] {
  return [...text.matchAll(SPACED)].map(({ index, 0: run }) => ({
    start: index,
    end: index + run.length,
    text: run
      .replace(/[ \t]{2,3}/g, '\n')
      .replace(/[ \t._-]/g, '')
      .replace(/\n/g, ' '),
  }))
}

/** Tags (U+E0020 to U+E007E) that spell a text which nobody sees; in a flag they name a region. */
const TAGS = /(?<!\u{1f3f4}[\u{e0020}-\u{e007f}]{0,8})[\u{e0020}-\u{e007e}]{2,2000}/gu

export function taggedTexts(text: string): readonly { readonly start: number; readonly end: number; readonly text: string }[] {
  return [...text.matchAll(TAGS)].map(({ index, 0: run }) => ({
    start: index,
    end: index + run.length,
    text: [...run].map(tag => String.fromCharCode((tag.codePointAt(0) ?? 0) - 0xe0000)).join(''),
  }))
}
