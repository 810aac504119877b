import type { Content, ContentQuery } from './content.ts'

/** Where contents are kept outside of the registry, which then has their digest and their place. */
export interface ContentStore {
  /** As a person would name it: `s3://acme-prompts/flowrun/`. */
  readonly name: string
  /** Contents of at least so many bytes are kept here, smaller ones in the registry. */
  readonly minBytes: number
  /** Objects that are put or read at once. */
  readonly concurrency: number
  /**
   * Keeps a content. What is there already, as the registry knows it, is not sent again.
   *
   * @param known where the registry has it, if it has it outside.
   */
  put(content: Content, known: KnownPlace | undefined): Promise<ContentPlace>
  /**
   * The text of a content, not yet digested.
   *
   * @throws OperationError `content/missing`; `content/altered` for one that its key does not open; those of the store.
   */
  read(query: ContentQuery, place: ContentPlace): Promise<PlacedText>
  close(): void
}

export interface ContentPlace {
  /** Where it is, as its store understands it: a row outlives the settings that it was made with. */
  readonly locator: string
  /** The key that it was sealed with, as the settings named it; null: it is as it was given. */
  readonly keyRef: string | null
}

export interface KnownPlace extends ContentPlace {
  /** It is being collected: whatever is put there may be deleted (GC-2). */
  readonly deleting: boolean
}

export interface PlacedText {
  readonly body: string
  /** As a person would name the place, for messages. */
  readonly place: string
}
