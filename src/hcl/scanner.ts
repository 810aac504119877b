import { identifierEnd, isDigit, isSpace } from './character.ts'
import { signAt } from './scanner-sign.ts'
import { Token, type TokenList } from './token.ts'

/** `normal`: a file or an expression. `template`: the text is a template from its first character. */
export type ScanMode = 'normal' | 'template'

/**
 * Splits a text into tokens. It never fails: what is not of the language becomes a token of a bad kind, which the parser
 * reports. A string that is not closed ends at its line, so that one missing quote costs one line and not the file.
 */
export function scan(text: string, mode: ScanMode): TokenList {
  const scanner = createScanner(text, mode)
  while (scanner.at < text.length) {
    switch (scanner.frame.mode) {
      case 'code':
        scanCode(scanner)
        break
      case 'quoted':
        scanQuoted(scanner)
        break
      default:
        scanPlainText(scanner)
    }
  }
  emit(scanner, Token.endOfFile, text.length)
  return { kinds: scanner.kinds, starts: scanner.starts, ends: scanner.ends, count: scanner.count }
}

interface Scanner {
  readonly text: string
  at: number
  kinds: Uint8Array
  starts: Int32Array
  ends: Int32Array
  count: number
  readonly enclosing: Frame[]
  frame: Frame
}

interface Frame {
  readonly mode: 'code' | 'quoted' | 'heredoc' | 'bare'
  /** Offset of what opened it. */
  readonly start: number
  /** Of code: braces that are open inside it. */
  braces: number
  /** Of a heredoc: what ends it. */
  readonly marker: string
  /** Of a heredoc: nothing of the line is consumed yet, so the marker may stand here. */
  atLineStart: boolean
}

const BYTE_ORDER_MARK = 0xfeff

function createScanner(text: string, mode: ScanMode): Scanner {
  // Configuration has a token for every 6 to 8 units; growing is rare.
  const capacity = Math.max(64, text.length >> 2)
  return {
    text,
    at: text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0,
    kinds: new Uint8Array(capacity),
    starts: new Int32Array(capacity),
    ends: new Int32Array(capacity),
    count: 0,
    enclosing: [],
    frame: frameOf(mode === 'normal' ? 'code' : 'bare', 0),
  }
}

function frameOf(mode: Frame['mode'], start: number, marker = ''): Frame {
  return { mode, start, braces: 0, marker, atLineStart: true }
}

function enter(scanner: Scanner, frame: Frame): void {
  scanner.enclosing.push(scanner.frame)
  scanner.frame = frame
}

function leave(scanner: Scanner): void {
  scanner.frame = scanner.enclosing.pop() ?? scanner.frame
}

/** Emits the token from `scanner.at` to `end`, and goes on there. */
function emit(scanner: Scanner, kind: number, end: number): void {
  const index = scanner.count
  if (index === scanner.kinds.length) grow(scanner)
  scanner.kinds[index] = kind
  scanner.starts[index] = scanner.at
  scanner.ends[index] = end
  scanner.count = index + 1
  scanner.at = end
}

function grow(scanner: Scanner): void {
  const capacity = scanner.kinds.length * 2
  const kinds = new Uint8Array(capacity)
  kinds.set(scanner.kinds)
  scanner.kinds = kinds
  const starts = new Int32Array(capacity)
  starts.set(scanner.starts)
  scanner.starts = starts
  const ends = new Int32Array(capacity)
  ends.set(scanner.ends)
  scanner.ends = ends
}

const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const HASH = 0x23
const DOLLAR = 0x24
const PERCENT = 0x25
const STAR = 0x2a
const PLUS = 0x2b
const MINUS = 0x2d
const DOT = 0x2e
const SLASH = 0x2f
const LESS = 0x3c
const EQUAL = 0x3d
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const TILDE = 0x7e

function scanCode(scanner: Scanner): void {
  const { text } = scanner
  const frame = scanner.frame
  while (scanner.at < text.length && scanner.frame === frame) {
    const code = text.charCodeAt(scanner.at)
    if (code === SPACE || code === TAB) {
      scanner.at++
      continue
    }
    const end = identifierEnd(text, scanner.at)
    if (end > scanner.at) emit(scanner, Token.identifier, end)
    else if (isDigit(code)) emit(scanner, Token.number, numberEnd(text, scanner.at))
    else {
      scanSign(scanner, code)
      if (scanner.enclosing.length > 0) leaveAtMarker(scanner, frame)
    }
  }
}

/**
 * A line with the marker of a heredoc ends the code of an interpolation in it, which has no `}` then: a prompt with one
 * missing brace does not swallow the rest of the file. (HCL would read a name here, which nobody writes so.)
 */
function leaveAtMarker(scanner: Scanner, frame: Frame): void {
  const { text, at } = scanner
  const heredoc = scanner.enclosing.at(-1)
  if (scanner.frame !== frame || heredoc?.mode !== 'heredoc' || text.charCodeAt(at - 1) !== LINE_FEED) return
  if (heredocEnd(text, at, heredoc.marker) < 0) return
  leave(scanner)
  heredoc.atLineStart = true
}

function scanSign(scanner: Scanner, code: number): void {
  const { text, at } = scanner
  if (code === QUOTE) {
    enter(scanner, frameOf('quoted', at))
    emit(scanner, Token.openQuote, at + 1)
  } else if (code === OPEN_BRACE) {
    scanner.frame.braces++
    emit(scanner, Token.openBrace, at + 1)
  } else if (code === CLOSE_BRACE) scanCloseBrace(scanner)
  else if (code === HASH) emit(scanner, Token.comment, lineCommentEnd(text, at))
  else if (code === SLASH) scanSlash(scanner)
  else if (code === LESS) scanLess(scanner)
  else if (code === TILDE && text.charCodeAt(at + 1) === CLOSE_BRACE) scanSequenceEnd(scanner, at + 2)
  else {
    const sign = signAt(text, at)
    if (sign) emit(scanner, sign.kind, at + sign.text.length)
    else emit(scanner, Token.invalid, at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1))
  }
}

function scanCloseBrace(scanner: Scanner): void {
  if (scanner.frame.braces === 0 && scanner.enclosing.length > 0) {
    scanSequenceEnd(scanner, scanner.at + 1)
    return
  }
  if (scanner.frame.braces > 0) scanner.frame.braces--
  emit(scanner, Token.closeBrace, scanner.at + 1)
}

/** `~}` closes an interpolation whatever stands before it, so that the parser sees it where a brace is meant. */
function scanSequenceEnd(scanner: Scanner, end: number): void {
  if (scanner.frame.braces > 0) scanner.frame.braces--
  else leave(scanner)
  emit(scanner, Token.sequenceEnd, end)
}

function scanSlash(scanner: Scanner): void {
  const { text, at } = scanner
  const next = text.charCodeAt(at + 1)
  if (next === SLASH) emit(scanner, Token.comment, lineCommentEnd(text, at))
  else if (next === STAR) {
    const close = text.indexOf('*/', at + 2)
    // Without an end it is one token, so that there is one message: the rest of the text is inside the comment.
    if (close >= 0) emit(scanner, Token.comment, close + 2)
    else emit(scanner, Token.invalid, text.length)
  } else emit(scanner, Token.slash, at + 1)
}

function lineCommentEnd(text: string, at: number): number {
  const newline = text.indexOf('\n', at)
  return newline < 0 ? text.length : newline + 1
}

function scanLess(scanner: Scanner): void {
  const { text, at } = scanner
  const next = text.charCodeAt(at + 1)
  if (next === EQUAL) emit(scanner, Token.lessEqual, at + 2)
  else if (next !== LESS || !scanHeredocStart(scanner)) emit(scanner, Token.less, at + 1)
}

/** `<<NAME` or `<<-NAME` at the end of a line. */
function scanHeredocStart(scanner: Scanner): boolean {
  const { text, at } = scanner
  const start = text.charCodeAt(at + 2) === MINUS ? at + 3 : at + 2
  const end = identifierEnd(text, start)
  const newline = text.charCodeAt(end) === CARRIAGE_RETURN ? end + 1 : end
  if (end === start || text.charCodeAt(newline) !== LINE_FEED) return false
  enter(scanner, frameOf('heredoc', at, text.slice(start, end)))
  emit(scanner, Token.openHeredoc, newline + 1)
  return true
}

/** Digits, points and exponents, not ending in a point: `1.2.3` is one token, so that the message can be about it. */
function numberEnd(text: string, at: number): number {
  let end = at
  let last = at
  for (;;) {
    const code = text.charCodeAt(end)
    if (isDigit(code)) last = ++end
    else if (code === DOT) end++
    else if (code === 0x65 || code === 0x45) {
      const sign = text.charCodeAt(end + 1)
      const digit = sign === PLUS || sign === MINUS ? end + 2 : end + 1
      if (!isDigit(text.charCodeAt(digit))) return last
      last = end = digit + 1
    } else return last
  }
}

/** Whether `${` or `%{` starts here; enters its code. */
function scanSequenceStart(scanner: Scanner, code: number): boolean {
  const { text, at } = scanner
  if (text.charCodeAt(at + 1) !== OPEN_BRACE) return false
  scanner.frame.atLineStart = false
  enter(scanner, frameOf('code', at))
  emit(scanner, code === DOLLAR ? Token.interpolation : Token.directive, text.charCodeAt(at + 2) === TILDE ? at + 3 : at + 2)
  return true
}

function isEscapedSequence(text: string, at: number, code: number): boolean {
  return text.charCodeAt(at + 1) === code && text.charCodeAt(at + 2) === OPEN_BRACE
}

function scanQuoted(scanner: Scanner): void {
  const { text, at } = scanner
  const code = text.charCodeAt(at)
  if (code === QUOTE) {
    leave(scanner)
    emit(scanner, Token.closeQuote, at + 1)
  } else if (isLineBreak(code)) leaveUnclosedStrings(scanner)
  else if (code === DOLLAR || code === PERCENT) {
    if (!scanSequenceStart(scanner, code)) emit(scanner, Token.quotedText, isEscapedSequence(text, at, code) ? at + 3 : at + 1)
  } else emit(scanner, Token.quotedText, quotedTextEnd(text, at))
}

function quotedTextEnd(text: string, at: number): number {
  let end = at
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code === QUOTE || code === DOLLAR || code === PERCENT || isLineBreak(code)) break
    if (code === BACKSLASH) {
      const next = text.charCodeAt(end + 1)
      if (!isLineBreak(next) && end + 1 < text.length) end++
    }
  }
  return end
}

/** A line ends inside of a string: so do all strings and interpolations that were opened on this line. */
function leaveUnclosedStrings(scanner: Scanner): void {
  let lineStart = scanner.at
  while (lineStart > 0 && !isLineBreak(scanner.text.charCodeAt(lineStart - 1))) lineStart--
  emit(scanner, Token.missingQuote, scanner.at)
  leave(scanner)
  while (scanner.enclosing.length > 0 && scanner.frame.start >= lineStart && scanner.frame.mode !== 'heredoc') {
    const last = scanner.enclosing.at(-1)
    // The code of an interpolation ends only together with the string around it.
    if (scanner.frame.mode === 'code' && !(last?.mode === 'quoted' && last.start >= lineStart)) break
    if (scanner.frame.mode === 'quoted') emit(scanner, Token.missingQuote, scanner.at)
    leave(scanner)
  }
}

function isLineBreak(code: number): boolean {
  return code === LINE_FEED || code === CARRIAGE_RETURN
}

/** One line, or a part of one, of a heredoc or of a template file. */
function scanPlainText(scanner: Scanner): void {
  const { text, at, frame } = scanner
  if (frame.mode === 'heredoc' && frame.atLineStart && scanHeredocEnd(scanner)) return
  let end = at
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code === LINE_FEED) {
      frame.atLineStart = true
      emit(scanner, Token.plainText, end + 1)
      return
    }
    if (code !== DOLLAR && code !== PERCENT) continue
    if (isEscapedSequence(text, end, code)) end += 2
    else if (text.charCodeAt(end + 1) === OPEN_BRACE) {
      if (end > at) emit(scanner, Token.plainText, end)
      scanSequenceStart(scanner, code)
      return
    }
  }
  emit(scanner, Token.plainText, text.length)
}

function scanHeredocEnd(scanner: Scanner): boolean {
  const end = heredocEnd(scanner.text, scanner.at, scanner.frame.marker)
  if (end < 0) return false
  leave(scanner)
  emit(scanner, Token.closeHeredoc, end)
  return true
}

/** Where the line ends when it holds the marker alone, with spaces around it, and has an end; -1 otherwise. */
function heredocEnd(text: string, at: number, marker: string): number {
  let start = at
  while (isSpace(text.charCodeAt(start)) && text.charCodeAt(start) !== LINE_FEED) start++
  if (!text.startsWith(marker, start)) return -1
  let end = start + marker.length
  while (isSpace(text.charCodeAt(end)) && text.charCodeAt(end) !== LINE_FEED) end++
  if (text.charCodeAt(end) !== LINE_FEED) return -1
  return text.charCodeAt(end - 1) === CARRIAGE_RETURN ? end - 1 : end
}
