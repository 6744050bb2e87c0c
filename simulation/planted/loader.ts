/** With `node --import`: puts the bug that `PLANTED` names into the sources while they are loaded. */
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { relative } from 'node:path'
import { BUGS } from './bugs.ts'
import { planted } from './plant.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const id = process.env['PLANTED']
const bug = BUGS.find((one) => one.id === id)
if (bug === undefined) throw new Error(`there is no planted bug ${JSON.stringify(id)}`)

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    const file = url.startsWith('file:') ? relative(root, fileURLToPath(url)) : ''
    const edits = bug.edits.filter((edit) => edit.file === file)
    if (edits.length === 0) return loaded
    return { ...loaded, source: planted(new TextDecoder().decode(loaded.source as Uint8Array), edits) }
  },
})
