/** What is quicker shows no progress. */
const QUIET_MS = 300
const FRAME_MS = 100
/** Terminals are at least so high; what is higher could not be erased. */
const ROWS_MAX = 20

export interface LiveTree {
  /** Something is new. */
  change(): void
  /** Erases what was drawn. */
  end(): void
}

/** Lines at the end of a terminal that are drawn again as they change. */
export function createLiveTree(write: (text: string) => void, lines: () => Promise<readonly string[]>): LiveTree {
  let drawn = 0
  let isEnded = false
  let timer: NodeJS.Timeout | undefined
  const erase = () => {
    if (drawn > 0) write(`\u001b[${drawn}A\r\u001b[0J`)
    drawn = 0
  }
  const draw = async () => {
    const next = (await lines()).slice(0, ROWS_MAX)
    timer = undefined
    if (isEnded) return
    erase()
    drawn = next.length
    write(next.map(line => `${line}\n`).join(''))
  }
  const startedMs = performance.now()
  return {
    change() {
      if (isEnded || timer !== undefined) return
      timer = setTimeout(() => void draw().catch(() => {}), Math.max(FRAME_MS, QUIET_MS - (performance.now() - startedMs)))
    },
    end() {
      isEnded = true
      clearTimeout(timer)
      erase()
    },
  }
}

export const silentTree: LiveTree = { change() {}, end() {} }
