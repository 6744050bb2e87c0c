/** An image of an earlier program, which the tree holds as a bundle, on the same bases as the product's. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { inCache, type Reporter } from '../cluster/build.ts'
import { must } from '../cluster/exec.ts'
import { BASE_IMAGE, makeBases, NODE_IMAGE } from './bases.ts'
import { openBuildah } from './buildah.ts'

export const EARLIER_IMAGE = 'kubeskippy.local/kubeskippy:earlier'

/** The end of the product's Dockerfile: what a program sees has to be the same. */
const DOCKERFILE = `FROM ${NODE_IMAGE} AS node
FROM ${BASE_IMAGE}
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY program /opt/kubeskippy
ENV NODE_ENV=production
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "/opt/kubeskippy/kubeskippy.js"]
`

/** @param bundle a tar of the folder that `hack/build.ts` makes, compressed by brotli. @returns an archive for `Cluster.loadImage` */
export async function earlierImage(bundle: string, report: Reporter): Promise<string> {
  const compressed = readFileSync(bundle)
  const key = createHash('sha256').update(JSON.stringify([process.versions.node, process.arch, DOCKERFILE])).update(compressed).digest('hex').slice(0, 12)
  const dir = await inCache(`image-earlier-${key}`, 'the image of an earlier version', report, async (target) => {
    report.log('building the image of an earlier version (usually about 20 s)')
    const work = join(target, 'work')
    const program = join(work, 'context/program')
    mkdirSync(program, { recursive: true })
    try {
      writeFileSync(join(work, 'program.tar'), brotliDecompressSync(compressed))
      await must('tar', ['--extract', '--no-same-owner', '--file', join(work, 'program.tar'), '--directory', program])
      writeFileSync(join(work, 'context/Dockerfile'), DOCKERFILE)
      const buildah = await openBuildah(work, report)
      await makeBases(buildah, report)
      await buildah.run('bud', '--isolation', 'chroot', '--pull-never', '--tag', EARLIER_IMAGE, join(work, 'context'))
      await buildah.run('push', EARLIER_IMAGE, `docker-archive:${join(target, 'image.tar')}:${EARLIER_IMAGE}`)
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  })
  return join(dir, 'image.tar')
}
