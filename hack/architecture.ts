/**
 * Who may import whom (docs/design), as a table, and the walk that holds every source file to it. `npm run unit` runs
 * it by `architecture.test.ts`, which also shows that each line of the table bites.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join, posix, relative, sep } from 'node:path'
import { importsOf, lineOf, withoutComments, type Import } from './imports.ts'
import { CORE_GLOBALS, EXPLICIT, FREE, ROOMS, type Room } from './rooms.ts'

export interface Breach {
  readonly file: string
  readonly line: number
  readonly why: string
}

/** Every breach in the TypeScript files below `root`. */
export async function walkSources(root: string, folders: readonly string[]): Promise<Breach[]> {
  const files: string[] = []
  for (const folder of folders) files.push(...(await sourcesIn(root, folder)))
  const breaches = await Promise.all(files.map(async (file) => inspect(file, await readFile(join(root, file), 'utf8'))))
  return breaches.flat()
}

async function sourcesIn(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

/** What is wrong with one file. @param file relative to the root, with slashes */
export function inspect(file: string, source: string): Breach[] {
  const text = withoutComments(source)
  const imports = importsOf(text)
  const breach = (index: number, why: string): Breach => ({ file, line: lineOf(text, index), why })
  const breaches = imports.flatMap((found) => forEveryone(file, found).map((why) => breach(found.index, why)))
  if (isTest(file) || FREE.some((folder) => file.startsWith(folder))) return breaches
  const room = roomOf(file)
  if (room === undefined) return [...breaches, breach(0, 'belongs to no room of hack/rooms.ts')]
  for (const found of imports) breaches.push(...fromRoom(room, file, found).map((why) => breach(found.index, why)))
  if (!isMain(file)) {
    for (const match of text.matchAll(/\bprocess\.(env|exit)\b/g)) breaches.push(breach(match.index, `process.${match[1]} belongs into main.ts`))
  }
  if (room.pure === true) {
    for (const match of text.matchAll(CORE_GLOBALS)) breaches.push(breach(match.index, `${match[0].trim()} in a pure room: time, chance and the outside are arguments`))
  }
  return breaches
}

/** A suite, or what only suites use: anything in a folder called testing. */
const isTest = (file: string): boolean => /\.(test|e2e)\.ts$/.test(file) || isSupport(file)
const isSupport = (file: string): boolean => file.includes('/testing/')
const isMain = (file: string): boolean => posix.basename(file) === 'main.ts'
const roomOf = (file: string): Room | undefined => ROOMS.filter(({ at }) => file.startsWith(at)).sort((a, b) => b.at.length - a.at.length)[0]

/** A file of ours as a path from the root; undefined for npm and Node. */
function targetOf(file: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(file), specifier)) : undefined
}

/** Rules for every file, tests and tools included. */
function forEveryone(file: string, { specifier, kind }: Import): string[] {
  if (specifier === undefined) return FREE.some((folder) => file.startsWith(folder)) ? [] : ['an import of a computed name cannot be checked']
  const target = targetOf(file, specifier)
  if (target === undefined) return []
  const why: string[] = []
  // The programs share one bundle, and each starts only when it is asked for.
  if (isMain(target) && !(file === 'cli/main.ts' && kind === 'dynamic')) why.push(`nobody imports ${target}`)
  const mayTest = isTest(file) || FREE.some((folder) => file.startsWith(folder))
  if (isSupport(target) && !mayTest) why.push(`only tests import ${target}`)
  return why
}

function fromRoom(room: Room, file: string, { specifier, kind }: Import): string[] {
  if (specifier === undefined || isMain(file)) return []
  const target = targetOf(file, specifier)
  if (target === undefined) return outside(room, specifier, kind)
  const explicit = EXPLICIT.includes(target)
  const listed = (list: readonly string[]): boolean => list.some((prefix) => (explicit ? prefix === target : target.startsWith(prefix)))
  const same = !explicit && target.startsWith(folderOf(room.at))
  if (same || listed(room.imports)) return kind !== 'type' && room.typesOnly === true ? [`${room.at} imports types only`] : []
  if (listed(room.types ?? [])) return kind === 'type' ? [] : [`${room.at} may import ${target} with "import type" only`]
  return [`${room.at} may not import ${target}`]
}

/** A room may be one file: its neighbours are then not its own. */
const folderOf = (at: string): string => (at.endsWith('/') ? at : `${at}//`)

function outside(room: Room, specifier: string, kind: Import['kind']): string[] {
  const isNode = specifier.startsWith('node:')
  const name = isNode ? specifier : packageOf(specifier)
  const allowed = (isNode ? room.node : room.npm) ?? []
  if (allowed === 'any' || allowed.includes(name)) return []
  if (kind === 'type' && (room.npmTypes ?? []).includes(name)) return []
  return [`${room.at} may not import ${name}`]
}

const packageOf = (specifier: string): string => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
