/** Files of the machine, for `main.ts`. */
import { constants } from 'node:fs'
import { access, chown, open, readdir, readFile, realpath, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { NotUtf8, type Folders } from './environment.ts'

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A byte that is no text would be read as another one, and written back as that. */
function decoded(bytes: Uint8Array): string {
  try {
    return UTF_8.decode(bytes)
  } catch (error) {
    throw new NotUtf8(guessed(bytes), { cause: error })
  }
}

/** What could be read of it. */
function guessed(bytes: Uint8Array): string {
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined
  return new TextDecoder(utf16 ?? 'utf-8').decode(bytes)
}

/** What `<(helm template ...)` becomes: its writer is there, since the shell has started it. */
const OF_THE_SHELL = /^\/(?:dev|proc\/self)\/fd\/\d+$/

/** @param standardInput what `-` means */
export const readText = async (path: string, standardInput: NodeJS.ReadableStream): Promise<string> => decoded(path === '-' ? await buffer(standardInput) : await readFile(path))

export const diskFolders = (here: string): Folders => ({
  here,
  kindOf: async (path) => {
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
      throw error
    })
    return found === undefined ? undefined : found.isDirectory() ? 'folder' : found.isFile() || (found.isFIFO() && OF_THE_SHELL.test(path)) ? 'file' : 'other'
  },
  // A link to a folder is not followed, since it may lead back; a pipe is not opened, since nobody may ever write to it.
  list: async (folder) => {
    const entries = await readdir(folder, { withFileTypes: true })
    const kinds = await Promise.all(entries.map(async (entry) => (entry.isSymbolicLink() ? stat(join(folder, entry.name)).catch(() => undefined) : entry)))
    return entries.flatMap((entry, index) => (entry.isDirectory() ? [`${entry.name}/`] : (kinds[index]?.isFile() ?? true) ? [entry.name] : []))
  },
  realPath: (path) => realpath(path),
  create: (path, bytes) => writeFile(path, bytes, { mode: 0o600, flag: 'wx' }),
  write: (path, text) => writeFile(path, text),
  replace: async (path, before, after) => {
    const real = await realpath(path)
    // An administrator may write it even so, and everybody may put another one into its place.
    if (((await stat(real)).mode & 0o222) === 0) throw new Error('it is read-only')
    await access(real, constants.W_OK)
    if (decoded(await readFile(real)) !== before) throw new Error('somebody has changed it meanwhile')
    await replaceFile(real, after)
  },
})

/** Whole or not at all: a program that reads it, or a machine that stops, never meets half of it. */
async function replaceFile(path: string, text: string): Promise<void> {
  const { mode, uid, gid } = await stat(path)
  const beside = join(dirname(path), `.${basename(path).slice(0, 200)}.${process.pid}.tmp`)
  let file: FileHandle | undefined
  try {
    file = await open(beside, 'wx', 0o600)
    await file.writeFile(text)
    // Only an administrator may give a file away; who it belongs to otherwise is who writes.
    await chown(beside, uid, gid).catch(() => {})
    await file.chmod(mode)
    await file.sync()
    await file.close()
    file = undefined
    await rename(beside, path)
  } catch (error) {
    await file?.close()
    await rm(beside, { force: true })
    throw error
  }
}
