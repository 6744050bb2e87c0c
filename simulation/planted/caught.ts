/** Which seed catches which planted bug, as `hunt.ts` has found it. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Caught } from './try.ts'

export const CAUGHT_FILE = fileURLToPath(new URL('caught.json', import.meta.url))

/** By the id of the bug. */
export const readCaught = (): Readonly<Record<string, Caught>> => (existsSync(CAUGHT_FILE) ? (JSON.parse(readFileSync(CAUGHT_FILE, 'utf8')) as Record<string, Caught>) : {})
