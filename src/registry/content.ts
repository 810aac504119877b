import { ARTIFACT_FORMAT, type Artifact, type DigestedArtifact } from '../artifact/envelope.ts'
import { canonicalJson } from '../base/canonical-json.ts'
import { type Digest, digestOfText, shortDigest } from '../base/digest.ts'
import { isJsonObject, type JsonValue } from '../base/json.ts'
import { OperationError } from '../diagnostics/operation-error.ts'

/** Bytes of content that one uploading transaction takes at most; a single larger content goes alone (step A2). */
export const UPLOAD_BATCH_BYTES = 1024 * 1024

/** The canonical JSON of an artifact, under its digest. */
export interface Content {
  readonly digest: Digest
  readonly body: string
}

/** Content that somebody asks for; the address is for the message when it is missing. */
export interface ContentQuery {
  readonly address: string
  readonly digest: Digest
}

/** The way out of a damaged content, and what the damage did to anything else. */
const REPAIR = '  flowrun content repair\nNothing was changed.'

export function contentOf(artifact: DigestedArtifact): Content {
  // An interface has no index signature, so the compiler cannot see that an artifact is JSON; canonicalJson checks every leaf.
  return { digest: artifact.digest, body: canonicalJson(artifact.artifact as unknown as JsonValue) }
}

/** Splits contents into what one transaction takes, so that no upload stalls a reader for long. */
export function* uploadBatches(contents: Iterable<Content>): Generator<readonly Content[]> {
  let batch: Content[] = []
  let bytes = 0
  for (const content of contents) {
    const size = Buffer.byteLength(content.body)
    if (batch.length > 0 && bytes + size > UPLOAD_BATCH_BYTES) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(content)
    bytes += size
  }
  if (batch.length > 0) yield batch
}

/**
 * Reads content that came from a store: digested before use (ID-8).
 *
 * @param store as a person would name it: `.flowrun/state.db`.
 * @throws OperationError `content/altered`, `content/newer-format`.
 */
export function readArtifact(query: ContentQuery, body: string, store: string): Artifact {
  const found = digestOfText(body)
  if (found !== query.digest) throw alteredContent(query, found, store)
  const artifact: unknown = JSON.parse(body)
  if (!isArtifact(artifact)) throw newerContent(query, isJsonObject(artifact) ? artifact.format : undefined)
  return artifact
}

export function missingContent(query: ContentQuery, store: string): OperationError {
  return new OperationError({
    code: 'content/missing',
    summary: `The content of ${query.address} is missing`,
    detail:
      `${store} should hold ${query.digest} and does not. The version is known, its text is lost. Restore the store from a backup, ` +
      `or put the text back from a working copy that has it:\n${REPAIR}`,
    address: query.address,
  })
}

function alteredContent(query: ContentQuery, found: Digest, store: string): OperationError {
  return new OperationError({
    code: 'content/altered',
    summary: `The content of ${query.address} does not match its digest`,
    detail:
      `${store} was changed by something other than flowrun, or is damaged. Restore it from a backup, ` +
      `or put the text back from a working copy that has it:\n${REPAIR}`,
    notes: [`expected ${shortDigest(query.digest)}`, `found ${shortDigest(found)}`],
    address: query.address,
  })
}

/** Sealed, and no key opens it: the key of KMS is another, or what was put was changed. */
export function undecryptableContent(query: ContentQuery, place: string): OperationError {
  return new OperationError({
    code: 'content/cannot-decrypt',
    summary: `The content of ${query.address} cannot be decrypted`,
    detail:
      `${place} should hold ${query.digest}. It was damaged, or put there by something other than flowrun. Restore it from a backup, ` +
      `or put the text back from a working copy that has it:\n${REPAIR}`,
    address: query.address,
  })
}

/** It was published to a store that this environment does not have. */
export function contentElsewhere(query: ContentQuery, locator: string): OperationError {
  return new OperationError({
    code: 'content/elsewhere',
    summary: `The content of ${query.address} is in a store that this environment does not name`,
    detail:
      `${query.digest} is in ${locator.replace(/#.*/, '')}. Give the environment the content block that it was published with, ` +
      'or name an environment that has it with -e. Nothing was changed.',
    address: query.address,
  })
}

/** @param format as the content has it; anything, for a content that is of no format at all. */
export function newerContent(query: ContentQuery, format: JsonValue | undefined): OperationError {
  return new OperationError({
    code: 'content/newer-format',
    summary: `${query.address} was published by a newer flowrun`,
    detail: `Its format is ${JSON.stringify(format ?? null)}, and this flowrun reads ${ARTIFACT_FORMAT}. Upgrade flowrun. Nothing was changed.`,
    address: query.address,
  })
}

function isArtifact(value: unknown): value is Artifact {
  return isJsonObject(value) && value.format === ARTIFACT_FORMAT
}
