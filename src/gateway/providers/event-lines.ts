import { StringDecoder } from 'node:string_decoder'

/**
 * Reads server-sent events (HTML Living Standard, 9.2.6) as they come, as far as vendors and MCP need them: the data of
 * each event, without names and ids. No server ends its lines with a lone CR, so that is no end. An event that the end of
 * the stream cut off is dropped.
 */
export function createEventReader(onData: (data: string) => void): (piece: Uint8Array) => void {
  const decoder = new StringDecoder('utf8')
  /** A line that has not come to its end; in pieces, for one of megabytes would be copied with each. */
  let held: string[] = []
  let data: string | undefined
  const takeLine = (line: string) => {
    if (line === '') {
      if (data !== undefined) onData(data)
      data = undefined
    } else if (line.startsWith('data:')) {
      const value = line.slice(line[5] === ' ' ? 6 : 5)
      data = data === undefined ? value : `${data}\n${value}`
    }
  }
  return piece => {
    const text = decoder.write(piece)
    if (!text.includes('\n')) {
      held.push(text)
      return
    }
    const whole = held.join('') + text
    let from = whole.startsWith('\ufeff') ? 1 : 0
    for (let end = whole.indexOf('\n', from); end >= 0; end = whole.indexOf('\n', from)) {
      takeLine(whole.slice(from, end > from && whole[end - 1] === '\r' ? end - 1 : end))
      from = end + 1
    }
    held = [whole.slice(from)]
  }
}
