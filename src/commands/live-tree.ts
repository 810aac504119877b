/** What is quicker shows no progress. */
const QUIET_MS = 300
const FRAME_MS = 100
/** Times go on where nothing else changes. */
const TICK_MS = 500
/** A frame of a run with thousands of steps takes a while to make: so many times as long is left to the run. */
const REST_FACTOR = 10
/** Of a terminal that does not say how high it is. */
const ROWS_DEFAULT = 20

export interface LiveTree {
  /** Something is new. */
  change(): void
  /** Erases what was drawn. */
  end(): void
}

export interface LiveScreen {
  write(text: string): void
  /** Of the terminal, now. */
  rows(): number | undefined
}

/** @param last the line that must be seen: what is above goes where there is no room. */
export interface LiveFrame {
  readonly lines: readonly string[]
  readonly last: number
}

/** Lines at the end of a terminal that are drawn again as they change. */
export function createLiveTree(screen: LiveScreen, frame: () => Promise<LiveFrame>): LiveTree {
  let drawn = 0
  let isEnded = false
  let isDrawing = false
  let timer: NodeJS.Timeout | undefined
  let dueMs = Number.POSITIVE_INFINITY
  let earliestMs = performance.now() + QUIET_MS
  const erase = () => {
    if (drawn > 0) screen.write(`\u001b[${drawn}A\r\u001b[0J`)
    drawn = 0
  }
  const draw = async () => {
    isDrawing = true
    dueMs = Number.POSITIVE_INFINITY
    const beganMs = performance.now()
    // One that cannot be made, as of a store that is busy, leaves the former one standing.
    const next = await frame().catch(() => undefined)
    const endedMs = performance.now()
    earliestMs = endedMs + Math.max(FRAME_MS, REST_FACTOR * (endedMs - beganMs))
    isDrawing = false
    if (isEnded) return
    if (next) show(next)
    drawAt(endedMs + TICK_MS)
  }
  const show = (next: LiveFrame) => {
    // What is higher than the terminal could not be erased.
    const lines = shownLines(next, (screen.rows() ?? ROWS_DEFAULT) - 2)
    erase()
    drawn = lines.length
    screen.write(lines.map(line => `${line}\n`).join(''))
  }
  const drawAt = (atMs: number) => {
    const nextMs = Math.max(atMs, earliestMs)
    if (isEnded || nextMs >= dueMs) return
    clearTimeout(timer)
    dueMs = nextMs
    timer = setTimeout(() => void draw(), Math.max(0, nextMs - performance.now()))
  }
  return {
    change() {
      if (!isDrawing) drawAt(0)
    },
    end() {
      isEnded = true
      clearTimeout(timer)
      erase()
    },
  }
}

function shownLines({ lines, last }: LiveFrame, most: number): readonly string[] {
  const start = Math.max(0, Math.min(last + 1 - most, lines.length - most))
  return lines.slice(start, start + most)
}

export const silentTree: LiveTree = { change() {}, end() {} }
