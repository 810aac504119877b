/** A small project that works, as `flowrun init` writes it. */
export interface Template {
  readonly name: string
  /** One line for `--list-templates`. */
  readonly summary: string
  readonly files: readonly TemplateFile[]
  /** Said after the files are written. */
  readonly note: string
}

export interface TemplateFile {
  readonly path: string
  /** What is in it, in a few words. */
  readonly holds: string
  readonly content: string
}
