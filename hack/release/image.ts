/** The image that a release installs. Pure. */

export interface ReleasedImage {
  readonly repository: string
  readonly digest: string
}

/** Registry (a host, perhaps with a port), path in small letters, and the digest of what was signed: a tag may be moved later. */
const REFERENCE = /^((?:[a-z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)@(sha256:[0-9a-f]{64})$/

/** @throws where it is no reference by digest */
export function parseImage(reference: string): ReleasedImage {
  const [, repository, digest] = REFERENCE.exec(reference) ?? []
  if (repository === undefined || digest === undefined) throw new Error(`IMAGE is ${JSON.stringify(reference)}: write REPOSITORY@sha256:DIGEST, as docker push told it, such as registry.example.com/kubeskippy@sha256:${'0'.repeat(4)}...`)
  return { repository, digest }
}
