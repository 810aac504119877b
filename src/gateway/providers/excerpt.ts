/** What somebody said, on one line, and not too long for a message. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 500 ? `${line.slice(0, 500)}…` : line
}

/** The first words of a body that is not what it should be, on one line. */
export function excerpt(body: string): string {
  const line = body.replace(/\s+/g, ' ').trim()
  return JSON.stringify(line.length > 120 ? `${line.slice(0, 120)}…` : line)
}
