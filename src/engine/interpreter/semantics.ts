/**
 * The number of the interpreter's semantics, pinned by each run (DET-5). A change that could alter any replay adds a
 * number; the old ones stay until no supported journal needs them.
 */
export const INTERPRETER_SEMANTICS = 1

/** Those that this interpreter still replays. */
export const SUPPORTED_SEMANTICS: ReadonlySet<number> = new Set([1])
