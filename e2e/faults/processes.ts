/** What happens to processes: those of the controller, and those of the control plane. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { instant, minutes, seconds } from '../../shared/lib/time.ts'
import { CONTROLLER_LEASE, OPERATOR_NAMESPACE } from '../../shared/api/v1alpha1/names.ts'
import { LEASES, NAMESPACES } from '../../shared/kube/resources.ts'
import { eventually } from '../../shared/testing/eventually.ts'
import type { KubeObject } from '../../shared/kube/api.ts'
import { recorded } from '../cluster/processes.ts'
import type { Program } from '../installation/program.ts'
import type { CameAbout, Trials } from './trials.ts'

const pause = (span: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, span))
/** How long etcd is slow, and how long it stands still and runs by turns. */
const SLOW_FOR = seconds(30)
const STANDS = seconds(1.2)
const RUNS = seconds(0.3)
/** Into the middle of what is going on. */
const MIDWAY = seconds(1.5)

export interface ProcessFault {
  readonly name: string
  readonly run: (trials: Trials) => Promise<void>
}

const holder = async ({ api }: Trials): Promise<string | undefined> =>
  (await api.get<KubeObject & { readonly spec: { readonly holderIdentity?: string } }>(LEASES, { namespace: OPERATOR_NAMESPACE, name: CONTROLLER_LEASE })).spec.holderIdentity

const runs = ({ process: running }: Program): boolean => running !== undefined

/** Stopped by a signal, and not only busy. */
const standsStill = ({ process: running }: Program): boolean => running !== undefined && /^State:\s+T/m.test(readFileSync(`/proc/${running.pid}/status`, 'utf8'))

/** Whether the program of this name is another process than it is now. */
function another({ cluster }: Trials, name: string): CameAbout {
  const pid = (): number | undefined => recorded(cluster.dir).find((one) => one.name === name)?.id.pid
  const before = pid()
  return () => before !== undefined && pid() !== undefined && pid() !== before
}

export const PROCESS_FAULTS: readonly ProcessFault[] = [
  {
    name: 'two leaders with election off',
    run: async (trials) => {
      await trials.startController()
      await trials.startSecond()
      trials.mark('TwoLeaders')
      try {
        await trials.during('two leaders with election off', () => Promise.resolve(() => runs(trials.installation.controller) && runs(trials.installation.secondController)))
      } finally {
        await trials.installation.secondController.stop()
        trials.mark('OneLeader')
      }
    },
  },
  {
    name: 'the process stands still for six seconds',
    run: (trials) =>
      trials.during('the process stands still for six seconds', async () => {
        await pause(MIDWAY)
        await trials.installation.killController('SIGSTOP')
        await pause(seconds(6))
        const stood = standsStill(trials.installation.controller)
        await trials.installation.killController('SIGCONT')
        return () => stood
      }),
  },
  {
    name: 'a leader stands still past its lease and comes back',
    run: async (trials) => {
      const elected = { 'leader-elect': 'true' }
      await trials.stopController()
      await trials.startController(elected)
      // It is the leader before there is another one.
      await eventually(async () => { if (((await holder(trials)) ?? '') === '') throw new Error('nobody leads') }, seconds(60))
      await trials.startSecond(elected)
      try {
        await trials.during('a leader stands still past its lease and comes back', async () => {
          const before = await holder(trials)
          await pause(MIDWAY)
          await trials.installation.killController('SIGSTOP')
          await eventually(async () => { if ((await holder(trials)) === before) throw new Error('nobody has taken the lease') }, seconds(180))
          await pause(seconds(2))
          const stood = standsStill(trials.installation.controller)
          const next = await holder(trials)
          await trials.installation.killController('SIGCONT')
          return () => stood && next !== before
        })
      } finally {
        await trials.installation.secondController.stop()
        await trials.stopController()
      }
    },
  },
  {
    // Nothing is decided or written while the clocks disagree (its guard ClockSkew), and then it is. What was half done may
    // have run out of its time by then, and is made again: judged by the invariants alone.
    name: 'the clock jumps ten minutes ahead and back, then ten minutes behind and back',
    run: async (trials) => {
      await trials.stopController()
      await trials.startController({}, join(import.meta.dirname, 'jumping-clock.ts'))
      try {
        // Once before the decision, which then waits a minute, and once after it.
        const jumps = (): number => readFileSync(trials.installation.controller.logFile, 'utf8').split('the clock jumps').length
        for (const [direction, first] of [['ahead', seconds(0.5)], ['behind', MIDWAY]] as const) await trials.during(`the clock jumps ten minutes ${direction}, and back`, async () => {
          const before = jumps()
          for (const wait of [first, seconds(6)]) {
            await pause(wait)
            const { process: running } = trials.installation.controller
            if (running === undefined) throw new Error('the controller does not run')
            process.kill(running.pid, 'SIGUSR2')
          }
          return () => jumps() >= before + 2
        }, { comparable: false })
      } finally {
        await trials.stopController()
      }
    },
  },
  {
    name: 'the API server restarts',
    run: (trials) =>
      trials.during('the API server restarts', async () => {
        await pause(MIDWAY)
        const renewed = another(trials, 'kube-apiserver')
        await trials.cluster.restartApiServer()
        return renewed
      }, { untold: true }),
  },
  {
    // It stands still most of the time: what is read or written meanwhile takes as long.
    name: 'etcd is slow',
    run: (trials) =>
      trials.during('etcd is slow', async () => {
        const pid = recorded(trials.cluster.dir).find(({ name }) => name === 'etcd')?.id.pid
        if (pid === undefined) throw new Error('etcd does not run')
        let longest = 0
        for (const begun = performance.now(); performance.now() - begun < SLOW_FOR;) {
          process.kill(pid, 'SIGSTOP')
          try {
            const asked = performance.now()
            const answer = trials.api.get(NAMESPACES, { name: OPERATOR_NAMESPACE })
            await pause(STANDS)
            process.kill(pid, 'SIGCONT')
            await answer
            longest = Math.max(longest, performance.now() - asked)
          } finally {
            process.kill(pid, 'SIGCONT')
          }
          await pause(RUNS)
        }
        return () => longest >= STANDS
      }),
  },
  {
    name: 'etcd restarts',
    run: (trials) =>
      trials.during('etcd restarts', async () => {
        await pause(MIDWAY)
        const renewed = another(trials, 'etcd')
        await trials.cluster.restartEtcd()
        return renewed
      }),
  },
  {
    name: 'etcd is restored from a backup of before',
    run: (trials) =>
      trials.during('etcd is restored from a backup of before', async () => {
        // Some acts are in the backup, some are not, some are half in it.
        await pause(MIDWAY)
        const asOf = instant(await trials.cluster.backUpEtcd())
        await pause(seconds(3))
        const renewed = another(trials, 'etcd')
        await trials.cluster.restoreEtcd()
        trials.mark('Restored', { asOf })
        // Its watches are of a future that never came, and silent, until they are taken for dead. What its ledgers remember is
        // made again; what they say was tried is not tried again for an hour, though its record is gone.
        await pause(seconds(100))
        return renewed
      }, { within: minutes(8), comparable: false }),
  },
]
