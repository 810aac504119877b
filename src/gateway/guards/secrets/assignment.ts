import type { Finding } from '../finding.ts'
import { bitsPerCharacter, kindsOfCharacters } from './entropy.ts'

const NAME =
  'pass(?:word|wd|phrase|code|wort)?|pwd|kennwort|mot de passe|contraseña|senha|wachtwoord|hasło|пароль|密码|secret(?:[_ -]?(?:access[_ -]?)?(?:key|token))?|client[_-]?secret|(?:access|auth|refresh|api|deploy|bearer)[_ -]?token|token|(?:api|access|account|private|signing|encryption|master)[_ -]?key|apikey|accountkey|credentials?'

/** `DB_PASSWORD=…`, `"api_key": "…"`, `password is …`. */
const ASSIGNED = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:${NAME})["']?(?<joint>[ \\t]{0,4}(?::=|=>|[:=：])[ \\t]{0,4}|[ \\t]is[ \\t])(?<quote>["'\`]?)(?<value>[^\\s"'\`<>]{6,256})`,
  'giu',
)
/** `Authorization: Bearer …`, `Authorization: Basic …` */
const AUTHORIZED =
  /(?<![\p{L}\p{N}])authorization["']?[ \t]{0,4}[:=][ \t]{0,4}["']?(?:bearer|basic|token)[ \t]{1,4}(?<value>[A-Za-z0-9+/=._~-]{12,4096})/giu
/** `postgres://app:PASSWORD@db` */
const IN_URL = /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@]{0,64}:(?<value>[^\s:/@]{4,128})@(?=[\w.-]{1,255})/gi

/** What stands for a value: `${DB_PASSWORD}`, `var.password`, `changeme`. */
const STAND_IN =
  /^[$%{]|^\[[A-Z_]{1,32}_\d{1,9}(?:\]|$)|^[\w$]{1,40}(?:\.[\w$]{1,40}){0,4}[([]|^(?:var|local|input|env|process|os|config|secrets?|settings|self|this|vault|ref|arn)[.:[]|^(?:changeme|change_me|example|placeholder|undefined|required|optional|redacted|password|passwort|hidden|string|number|boolean|secret|token|none|null|true|false|your[\w-]*|my[\w-]*key|test|todo|x+|\*+|\.+|-+)[.!?]?$/i

/** What is assigned to a name that says that it is secret. */
export function findAssignments(text: string): readonly Finding[] {
  return [
    ...[...text.matchAll(ASSIGNED)].flatMap(match => {
      const { value = '', joint = '', quote = '' } = match.groups ?? {}
      // In `a=1&b=2` the value ends where the next name begins; with spaces around the sign it may have any sign in it.
      const whole = joint === '=' ? (value.split(/[&;,]/)[0] ?? '') : value
      const plain = quote === '' ? whole.replace(/[.,;)\]}]{1,8}$/, '') : whole
      return findingOf('password', plain, match.index + match[0].length - value.length, scoreOf(plain, joint.trim() === 'is'))
    }),
    ...[...text.matchAll(AUTHORIZED)].flatMap(match => {
      const { value = '' } = match.groups ?? {}
      return findingOf('credentials', value, match.index + match[0].length - value.length, kindsOfCharacters(value) > 1 ? 0.9 : 0.3)
    }),
    ...[...text.matchAll(IN_URL)].flatMap(match => {
      const { value = '' } = match.groups ?? {}
      return findingOf('password', value, match.index + match[0].length - 1 - value.length, STAND_IN.test(value) ? 0 : 0.85)
    }),
  ]
}

function findingOf(type: string, value: string, start: number, score: number): readonly Finding[] {
  return score > 0 ? [{ type, start, end: start + value.length, score }] : []
}

/** A word is no password that anybody needs to hide; the more kinds of characters there are, the surer. */
function scoreOf(value: string, isSentence: boolean): number {
  if (value.length < 6 || STAND_IN.test(value)) return 0
  const kinds = kindsOfCharacters(value)
  // `password is 12 characters`, `token: string`
  if (kinds < 2 || (isSentence && kinds < 3)) return 0.2
  const isLong = value.length >= 8 && bitsPerCharacter(value) >= 2.5
  return kinds >= 3 ? (isLong ? 0.9 : 0.7) : isLong ? 0.7 : 0.45
}
