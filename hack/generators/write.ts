/** Comparing the generated files with the disk, and bringing the disk in line. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import type { GeneratedFile } from './generator.ts'

export interface Drift {
  readonly path: string
  readonly why: 'missing' | 'differs' | 'stale'
  /** What the file should hold; absent when it should not be there. */
  readonly text?: string
}

/** Every file that is not as generated, by path. */
export async function compareGenerated(root: string, files: readonly GeneratedFile[], folders: readonly string[]): Promise<Drift[]> {
  const drift: Drift[] = []
  const known = new Set<string>()
  for (const file of files) {
    if (known.has(file.path)) throw new Error(`${file.path} has two generators`)
    known.add(file.path)
    const text = file.produce()
    const found = await readText(join(root, file.path))
    if (found !== text) drift.push({ path: file.path, why: found === undefined ? 'missing' : 'differs', text })
  }
  for (const folder of folders) {
    for (const path of await listFiles(root, folder)) if (!known.has(path)) drift.push({ path, why: 'stale' })
  }
  return drift.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Writes and removes what `compareGenerated` found. */
export async function writeGenerated(root: string, drift: readonly Drift[]): Promise<void> {
  for (const { path, text } of drift) {
    const target = join(root, path)
    if (text === undefined) {
      await rm(target)
      continue
    }
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, text)
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

async function listFiles(root: string, folder: string): Promise<string[]> {
  try {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'
