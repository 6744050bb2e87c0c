/** What is generated. A new generated file is one line here. */
import { crds } from './crd.ts'
import type { GeneratedFile } from './generator.ts'

export const generatedFiles: readonly GeneratedFile[] = [
  ...crds,
]

/** Folders in which nothing is written by hand: a file there that no line above makes is stale. */
export const generatedFolders: readonly string[] = ['config/crd/bases', 'docs/reference']
